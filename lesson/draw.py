#!/usr/bin/env python3
"""Draw the pictures of the pages, with the numbers of example.py.

    lesson/draw.py [NAME ...]

Without a NAME it draws all. The numbers and shapes are computed by the
functions of tasks 0 to 3. Only `layers` and `relu_tanh` train a network, the
Keras LeNet-5, for three epochs.
"""
import os
import random
import sys

LESSON = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(LESSON)
sys.path[:0] = [os.path.join(ROOT, room) for room in ('', 'mains', 'examples')]
import surroundings  # noqa: E402
if __name__ == '__main__':
    surroundings.prepare()
import matplotlib  # noqa: E402
matplotlib.use('agg')
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.colors import LinearSegmentedColormap  # noqa: E402
from PIL import Image  # noqa: E402
import example  # noqa: E402
conv_forward = __import__('0-conv_forward').conv_forward
pool_forward = __import__('1-pool_forward').pool_forward
conv_backward = __import__('2-conv_backward').conv_backward
pool_backward = __import__('3-pool_backward').pool_backward

# Each colour has one meaning, also for gradients: blue is a layer's input,
# orange its weights, green its output. Everyone can tell them apart (Okabe and
# Ito). GREY is legible on white and on black.
BLUE, ORANGE, GREEN, GREY = '#0072b2', '#e69f00', '#009e73', '#767676'
INK, PALE_INK, WHITE = '#1f2328', '#555555', '#ffffff'
PALE = {BLUE: '#b9d9ec', ORANGE: '#fbdf9f', GREEN: '#b3e2d2',
        GREY: '#e1e4e8', None: WHITE}
# what a browser shows instead where pages are dark
DARK = {WHITE: '#0d1117', INK: '#e6edf3', PALE_INK: '#a9b1ba',
        BLUE: '#58a6ff', GREEN: '#3fb68b', PALE[BLUE]: '#1b4965',
        PALE[ORANGE]: '#664900', PALE[GREEN]: '#0f5340', PALE[GREY]: '#30363d'}
PLAIN = ['text.color', 'axes.edgecolor', 'axes.labelcolor', 'xtick.color',
         'ytick.color']
# pictures are 8 inches wide, so this size is legible on a phone; text as paths
# looks the same everywhere; the salt makes the files reproducible
plt.rcParams.update({'font.size': 17, 'axes.titlesize': 17,
                     'svg.fonttype': 'path', 'svg.hashsalt': 'lesson',
                     **dict.fromkeys(PLAIN, INK)})


def signed(colour):
    """Return how to show numbers of both signs: negative ones are grey."""
    return LinearSegmentedColormap.from_list('', ['#dddddd', 'black', colour])


def save(figure, name):
    """Save a figure beside this program, without dates, and say so.

    An SVG file also has colours for dark pages; a PNG file has no ground.
    """
    path = os.path.join(LESSON, name)
    if name.endswith('png'):
        figure.savefig(path, dpi=200, metadata={'Software': None},
                       transparent=True)
    else:
        figure.savefig(path, dpi=200, metadata={'Date': None})
        with open(path) as file:
            text = file.read()
        rules = ''.join('[style*="{0}: {1}"]{{{0}:{2}!important}}\n'.format(
            kind, *pair) for pair in DARK.items()
            for kind in ('fill', 'stroke'))
        with open(path, 'w') as file:
            file.write(text.replace(
                '<defs>', '<style>@media (prefers-color-scheme: dark) {\n'
                f'{rules}}}</style>\n <defs>', 1))
    plt.close(figure)
    print(path)


def sheet(width, height):
    """Return axes for a sheet of width x height cells; rows go down."""
    figure = plt.figure(figsize=(8, 8 * height / width))
    axes = figure.add_axes([0, 0, 1, 1])
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis('off')
    return axes


def frame(axes, left, top, width=1, height=None, **style):
    """Draw a frame around some cells; without a height, it is square."""
    axes.add_patch(plt.Rectangle((left, top), width, height or width, **{
        'fill': False, 'ec': INK, 'lw': 3, 'zorder': 3, **style}))


def draw_cells(axes, array, left, top, title='', colours=None, letters=None,
               grey=()):
    """Draw a matrix as cells with numbers in them, and a title above.

    A cell with NaN stays empty. `colours` is a colour in PALE for all cells,
    or a dict of positions and colours; `letters` is a dict of positions and
    text for the corners of cells; the `grey` cells only fill up the matrix.
    """
    if isinstance(colours, str):
        colours = dict.fromkeys(np.ndindex(*array.shape), colours)
    size = 576 / axes.get_xlim()[1] * .45       # points
    for (y, x), n in np.ndenumerate(array):
        frame(axes, left + x, top + y, fill=True, ec=GREY, lw=1, zorder=1,
              fc=PALE[(colours or {}).get(
                  (y, x), GREY if (y, x) in grey else None)])
        letter = (letters or {}).get((y, x))
        # a number with a letter moves up and left
        aside = .12 if letter else 0
        axes.text(left + x + .5 - aside, top + y + .52 - aside, number(n),
                  size=size, ha='center', va='center',
                  color=PALE_INK if (y, x) in grey else INK)
        if letter:
            axes.text(left + x + .95, top + y + .76, letter, size=.75 * size,
                      ha='right', va='center', color=INK)
    axes.text(left, top - .2, title, va='bottom', linespacing=1.1)


def number(n):
    """Return a number as text, with a minus sign as wide as a plus sign."""
    return '' if np.isnan(n) else f'{n:g}'.replace('-', '\u2212')


def product(*numbers):
    """Return a product of numbers as text, without multiplying them."""
    return '\u00d7'.join(number(n) if n >= 0 else f'({number(n)})'
                         for n in numbers)


def draw_sum(axes, top, window, W, b, z):
    """Write out a window's sum, a line for each row; zeros are paler."""
    assert (window * W).sum() + b == z
    for (y, x), n in np.ndenumerate(window):
        text = ('' if x == y == 0 else '+ ') + product(n, W[y, x])
        axes.text(.3 + 2.4 * x + .4 * (x == y == 0), top + .68 * y, text,
                  size=18, **({'weight': 'bold'} if n * W[y, x] else
                              {'color': GREY}))
    axes.text(.3, top + .68 * len(window), f'+ {number(b)} = {number(z)}',
              size=18, weight='bold')


def block(y, x, h, w, colour=None):
    """Return the colours of h x w cells that begin at row y and column x."""
    return {(y + r, x + s): colour for r in range(h) for s in range(w)}


def example_layer(padding='valid'):
    """Return the example's image, kernel, bias and output, all (h, w)."""
    Z = conv_forward(example.A_PREV, example.W, example.B, np.positive,
                     padding)
    return (example.A_PREV[0, ..., 0], example.W[..., 0, 0],
            example.B[..., 0, 0], Z[0, ..., 0])


def draw_edges():
    """Draw a digit, and what two kernels find in it."""
    digit = surroundings.load_mnist()['X_valid'][:1, ..., None]
    axes, down = sheet(12.6, 6.7), np.array([[1], [-1]])
    axes.text(.2, 2.3, 'the digit')
    axes.imshow(digit[0, ..., 0], 'gray', extent=(.2, 4, 6.5, 2.7))
    for kernel, left, top in (down.T, 4.4, 1.3), (down, 8.6, .3):
        draw_cells(axes, kernel, left, top, '', ORANGE)
        Z = conv_forward(digit, kernel[..., None, None] * 1., np.zeros(
            (1, 1, 1, 1)), np.positive, 'valid')
        axes.imshow(Z[0, ..., 0], signed('#2fd6a0'), vmin=-1, vmax=1,
                    extent=(left, left + 3.8, 6.5, 2.7))
    axes.set(xlim=(0, 12.6), ylim=(6.7, 0), aspect='auto')
    save(axes.figure, 'edges.svg')


def sliding_step(padding, y, x):
    """Draw one step of the kernel sliding over the image, as pixels."""
    A_prev, W, b, Z = example_layer(padding)
    zeros = 1 if padding == 'same' else 0
    A_pad = np.pad(A_prev, zeros, 'constant')
    left, top = 1.3 - zeros, 3 - zeros
    axes = sheet(11.8, 11)
    axes.text(.3, .7, "'same': with zeros around the image" if zeros else
              "'valid': the kernel stays on the image", va='center', size=20)
    draw_cells(axes, A_pad, left, top, 'image', block(y, x, 3, 3, BLUE), {
        (y + r, x + s): '\u00d7' + number(n)
        for (r, s), n in np.ndenumerate(W)},
        set(np.ndindex(*A_pad.shape)) - set(block(zeros, zeros, 4, 4)))
    frame(axes, 1.3, 3, 4)
    frame(axes, left + x, top + y, 3, ec=ORANGE, lw=6)
    draw_cells(axes, W, 7.4, 2, 'kernel', ORANGE)
    draw_cells(axes, b, 10.6, 2, 'bias', ORANGE)
    known = np.arange(Z.size).reshape(Z.shape) <= y * len(Z) + x
    draw_cells(axes, np.where(known, Z, np.nan), 7.4, 6, 'output',
               {at: GREEN for at in zip(*known.nonzero())})
    frame(axes, 7.4 + x, 6 + y, lw=5)
    draw_sum(axes, 8.6, A_pad[y:y + 3, x:x + 3], W, b.item(), Z[y, x])
    axes.figure.canvas.draw()
    pixels = np.array(axes.figure.canvas.buffer_rgba())
    plt.close(axes.figure)
    return pixels


def draw_sliding():
    """Draw the kernel sliding over the image, as an animation."""
    steps = [('valid', y, x) for y, x in np.ndindex(2, 2)]
    steps += [('same', y, x) for y, x in np.ndindex(4, 4)]
    with plt.rc_context({**dict.fromkeys(PLAIN, GREY),
                         'figure.facecolor': 'none'}):
        frames = [sliding_step(*step) for step in steps]
    # one palette for all, or the colours would flicker; colour 31 is none
    images = [Image.fromarray(pixels[..., :3]) for pixels in frames]
    palette = images[-1].quantize(31)
    images = [image.quantize(palette=palette, dither=0) for image in images]
    for image, pixels in zip(images, frames):
        image.paste(31, mask=Image.fromarray(np.where(
            pixels[..., 3] < 128, 255, 0).astype('u1')))
    path = os.path.join(LESSON, 'sliding.gif')
    images[0].save(path, save_all=True, append_images=images[1:], loop=0,
                   duration=[1500] * 3 + [3000] + [800] * 15 + [3000],
                   transparency=31, disposal=2, optimize=False)
    print(path)


def draw_convolution():
    """Draw how one output comes from two channels, with two kernels."""
    A_prev, W, b = example.A_TWO[0], example.W_TWO, example.B_TWO[0, 0, 0]
    Z = conv_forward(example.A_TWO, W, example.B_TWO, np.positive, 'valid')[0]
    axes = sheet(12.9, 15.1)
    for c, left in enumerate((.3, 4.7)):
        draw_cells(axes, A_prev[..., c], left, 1,
                   f'image, channel {c}', block(0, 0, 2, 2, BLUE))
        frame(axes, left, 1, 2, ec=ORANGE, lw=6)
        for k, top in enumerate((5.4, 8.8)):
            draw_cells(axes, W[:, :, c, k], left, top,
                       f'kernel {k}, channel {c}', ORANGE)
    for k, top in enumerate((5.4, 8.8)):
        draw_cells(axes, b[None, k:k + 1], 8, top + .5, 'bias', ORANGE)
        draw_cells(axes, Z[..., k], 10.5, top, f'output {k}', GREEN)
        for left, sign in (3.5, '+'), (7.35, '+'), (9.75, '='):
            axes.text(left, top + 1, sign, ha='center', va='center', size=24)
    frame(axes, 10.5, 5.4, lw=5)
    axes.text(.3, 11.9, 'kernel 0, top left window, a channel in each line:')
    draw_sum(axes, 12.9, A_prev[:2, :2].reshape(4, 2).T, W[..., 0].reshape(
        4, 2).T, b[0], Z[0, 0, 0])
    save(axes.figure, 'convolution.svg')


def draw_gradient(axes, top, factor, partners, result, at):
    """Draw a row of the picture: a matrix, dZ, and the gradient they give.

    `factor`, which may be empty, and `result` are name, numbers and colour.
    The numbers of dZ are multiplied with those of `factor` at `partners`; that
    explains the gradient at the position `at`.
    """
    dZ = 'dZ', example.DZ[0, ..., 0], GREEN
    height = max(len(array) for _, array, _ in (factor, dZ, result))
    marks = dict(zip(partners, 'abcd'))
    letters = dict(zip(np.ndindex(2, 2), marks.values()))
    for (name, array, colour), left, places, corners in (
            (factor, .3, marks, marks),
            (dZ, 4.9, np.ndindex(2, 2), letters),
            (result, 8.2, [at], {})):
        above = top + (height - len(array)) / 2
        draw_cells(axes, array, left, above, name, dict.fromkeys(
            places, colour), corners)
    frame(axes, 8.2 + at[1], above + at[0], lw=5)
    axes.text(7.55, top + height / 2, '\u2192', ha='center', va='center',
              size=28)
    numbers = [dZ[1].ravel(), [factor[1][pair] for pair in partners]]
    terms = list(zip(*filter(len, numbers)))
    assert sum(map(np.prod, terms)) == result[1][at]
    text = ' + '.join(product(*term) for term in terms)
    axes.text(.3, top + height + .3, f'{text} = {number(result[1][at])}',
              va='top', size=21)


def draw_backward():
    """Draw how one number each of dW, db and dA_prev is computed."""
    A_prev, W, _, _ = example_layer()
    dA_prev, dW, db = conv_backward(example.DZ, example.A_PREV, example.W,
                                    example.B, 'valid')
    four = list(np.ndindex(2, 2))
    axes = sheet(12.5, 16.5)
    draw_gradient(axes, 1, ('A_prev', A_prev, BLUE), [
        (y, x + 2) for y, x in four], ('dW', dW[..., 0, 0], ORANGE), (0, 2))
    draw_gradient(axes, 7.3, ('', np.zeros((0, 0)), BLUE), [],
                  ('db', db[0, 0], ORANGE), (0, 0))
    # the pixel met the kernel's numbers in the opposite order
    draw_gradient(axes, 11.2, ('W', W, ORANGE), [(1 - y, 1 - x)
                                                 for y, x in four],
                  ('dA_prev', dA_prev[0, ..., 0], BLUE), (1, 1))
    save(axes.figure, 'backward.svg')


def draw_padded(axes, title, n, s, zeros, left, top):
    """Draw 5 x 5 pixels, zeros around them, and the centres of n windows."""
    before = zeros - zeros // 2
    size, centres = 5 + zeros, np.arange(n) * s + 1
    pixels = block(before, before, 5, 5, BLUE)
    draw_cells(axes, np.full((size, size), np.nan), left, top, '{}\n5 \u00d7 5'
               ' \u2192 {n} \u00d7 {n}'.format(title, n=n), pixels,
               grey=set(np.ndindex(size, size)))
    for y, x in np.array(np.meshgrid(centres, centres)).T.reshape(-1, 2):
        seen = set(block(y - 1, x - 1, 3, 3)) & set(pixels)
        axes.plot(left + x + .5, top + y + .5, 'o', ms=11, mew=2.5, mec=GREEN,
                  mfc=GREEN if seen else WHITE)
    for first, style in (0, '-'), ((n - 1) * s, ':'):
        frame(axes, left + first, top + first, 3, ec=ORANGE, lw=5, ls=style)


def draw_padding():
    """Draw what 'same' and 'valid' make of 5 x 5 pixels, at two strides."""
    axes = sheet(20.2, 25.6)
    for padding, s, left, top in (('valid', 1, .3, 2.4), ('same', 1, 8.9, 2.4),
                                  ('valid', 2, .3, 10.2),
                                  ('same', 2, 8.9, 12.4)):
        n = conv_forward(np.ones((1, 5, 5, 1)), example.W, example.B,
                         np.positive, padding, (s, s)).shape[1]
        draw_padded(axes, f"'{padding}', stride {s}", n, s,
                    (n - 1) * s + 3 - 5 if padding == 'same' else 0, left, top)
    # ceil(5 / 2) = 3 windows, 2 pixels apart, need a zero at each side
    draw_padded(axes, "TensorFlow's\nSAME, stride 2", 3, 2, 2, .3, 18.4)
    save(axes.figure, 'padding.svg')


def draw_pooling():
    """Draw maximum pooling, forward and backward, with a tie."""
    A = pool_forward(example.PIXELS, (2, 2), (2, 2))
    dA_prev = pool_backward(example.DA, example.PIXELS, (2, 2), (2, 2))
    axes = sheet(12.2, 12.4)
    for top, (name, wide), (short, array), arrow, text in (
            (1, ('A_prev', example.PIXELS), ('A', A), '\u2192',
             "each window's\nmaximum"),
            (7.8, ('dA_prev', dA_prev), ('dA', example.DA), '\u2190',
             'to the maximum;\nif two tie, to both')):
        draw_cells(axes, wide[0, ..., 0], .5, top, name, {
            at: BLUE for at in zip(*dA_prev[0, ..., 0].nonzero())})
        draw_cells(axes, array[0, ..., 0], 9.5, top + 1, short, GREEN)
        for y, x in np.ndindex(2, 2):
            frame(axes, .5 + 2 * x, top + 2 * y, 2)
        axes.text(7, top + 2, arrow, ha='center', va='center', size=40)
        axes.text(7, top + 2.7, text, ha='center', va='top')
    save(axes.figure, 'pooling.svg')


def draw_maps(figure, place, maps, down, title, style):
    """Draw maps (1, h, w, c) in `down` rows, with a title above."""
    across = maps.shape[3] // down
    cells = place.subgridspec(down, across, hspace=.06, wspace=.06)
    for k in range(maps.shape[3]):
        axes = figure.add_subplot(cells[k // across, k % across], xticks=[],
                                  yticks=[])
        axes.imshow(maps[0, ..., k], **{'cmap': 'gray', **style})
    box = place.get_position(figure)
    figure.text((box.x0 + box.x1) / 2, box.y1 + .02, title, ha='center',
                va='bottom', size=15)


def draw_layers():
    """Draw what each layer of the trained LeNet-5 makes of a digit."""
    lib = surroundings.load_mnist()
    weights, _ = train('relu', lib)
    import lenet5_from_scratch as scratch
    theta = np.concatenate([W.ravel() for W in weights])
    layers = scratch.forward(theta, lib['X_valid'][:1, ..., None])
    Y_pred = scratch.cross_entropy(layers[-1], np.zeros(1, int))[0][0]
    kernels = weights[0].transpose(2, 0, 1, 3)  # (1, 5, 5, 6)
    most = abs(kernels).max()
    signs = {'cmap': signed(ORANGE), 'vmin': -most, 'vmax': most}
    figure = plt.figure(figsize=(8, 6.6))
    grid = figure.add_gridspec(2, 4, height_ratios=[1.4, 1], left=.01,
                               right=.99, bottom=.055, top=.89, wspace=.12,
                               hspace=.35)
    for place, maps, down, title, style in (
            (grid[0, 0], layers[0], 1, 'the digit\n28 \u00d7 28', {}),
            (grid[0, 1], kernels, 3, '6 kernels\n5 \u00d7 5', signs),
            (grid[0, 2], layers[1], 3, 'convolution\n6 of 28 \u00d7 28', {}),
            (grid[0, 3], layers[2], 3, 'pooling\n6 of 14 \u00d7 14', {}),
            (grid[1, 0], layers[3], 4, 'convolution\n16 of 10 \u00d7 10', {}),
            (grid[1, 1], layers[4].reshape(1, 5, 5, 16), 4,
             'pooling\n16 of 5 \u00d7 5', {})):
        draw_maps(figure, place, maps, down, title, style)
    # the numbers of the y axis need room between the maps and the bars
    _, place = grid[1, 2:].subgridspec(1, 2, width_ratios=[1, 20])
    axes = figure.add_subplot(place, xticks=range(10), yticks=[0, 1])
    axes.bar(range(10), Y_pred, color=GREEN)
    axes.tick_params(labelsize=15, length=0)
    axes.spines[['top', 'right']].set_visible(False)
    axes.set_title('dense layers\nten probabilities', size=15)
    save(figure, 'layers.svg')


def draw_overlap():
    """Draw a digit pooled with and without overlapping windows."""
    digit = surroundings.load_mnist()['X_valid'][0]
    with plt.rc_context(dict.fromkeys(PLAIN, GREY)):
        figure, panels = plt.subplots(1, 3, figsize=(8, 3.4), gridspec_kw={
            'left': .01, 'right': .99, 'bottom': .02, 'top': .8,
            'wspace': .04})
        panels[0].imshow(digit, 'gray')
        panels[0].set_title('the digit\n28 \u00d7 28')
        for axes, k in zip(panels[1:], (2, 3)):
            A = pool_forward(digit[None, ..., None], (k, k), (2, 2))[0, ..., 0]
            axes.imshow(A, 'gray')
            axes.set_title('{0} \u00d7 {0} windows\nstride 2: {1} \u00d7 {2}'
                           .format(k, *A.shape))
    for axes in panels:
        axes.axis('off')
    save(figure, 'overlap.png')


def draw_alexnet():
    """Draw each AlexNet layer's share of the parameters and of the work."""
    layers = [layer for layer in __import__('6-alexnet').layers() if layer[2]]
    figure, axes = plt.subplots(figsize=(8, 8.6))
    for column, colour, label, shift in (
            (2, ORANGE, 'parameters', -.18),
            (3, GREY, 'multiplications', .18)):
        shares = np.array([layer[column] for layer in layers], float)
        shares *= 100 / shares.sum()
        rows = np.arange(len(layers)) + shift
        bars = axes.barh(rows, shares, .36, color=colour, label=label)
        axes.bar_label(bars, [
            ('{:.0f} %' if share >= 1 else '{:.1f} %').format(share)
            for share in shares], padding=6, size=15)
    axes.set(xticks=[], xlim=(0, 75), ylim=(len(layers) - .5, -.5))
    axes.set_yticks(range(len(layers)), [
        name + '\n' + ' \u00d7 '.join(map(str, shape))
        for name, shape, _, _ in layers])
    axes.tick_params(length=0)
    axes.spines[['top', 'right', 'bottom']].set_visible(False)
    axes.legend(loc='center right', bbox_to_anchor=(1, .75), frameon=False)
    figure.tight_layout(pad=.4)
    save(figure, 'alexnet.svg')


def train(activation, lib, epochs=3, chunk=2500, seed=0):
    """Train the Keras LeNet-5 with this activation in the hidden layers.

    Return its weights and, for each chunk of images, the share that it
    classified wrongly while it was learning from them.
    """
    import tensorflow as tf
    import tensorflow.keras as K
    lenet5 = __import__('5-lenet5').lenet5
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_seed(seed)
    model = lenet5(K.Input(shape=(28, 28, 1)))
    hidden = [layer for layer in model.layers
              if getattr(layer, 'activation', None) is K.activations.relu]
    assert len(hidden) == 4
    for layer in hidden:
        layer.activation = K.activations.get(activation)
    model.compile(optimizer=model.optimizer.__class__(),
                  loss='categorical_crossentropy', metrics=['accuracy'])
    X = lib['X_train'][..., None]
    Y = K.utils.to_categorical(lib['Y_train'], 10)
    errors = []
    for _ in range(epochs):
        order = np.random.permutation(len(X))
        for i in range(0, len(X), chunk):
            batch = order[i:i + chunk]
            history = model.fit(X[batch], Y[batch], batch_size=32, verbose=0)
            errors.append(1 - history.history['accuracy'][0])
    return model.get_weights(), errors


def draw_relu_and_tanh(chunk=2500):
    """Draw the training error of both networks as they learn."""
    lib = surroundings.load_mnist()
    curves = {name: train(name.lower(), lib)[1] for name in ('ReLU', 'tanh')}
    with plt.rc_context(dict.fromkeys(PLAIN, GREY)):
        figure, axes = plt.subplots(figsize=(8, 4.6))
        for (name, errors), colour, style in zip(
                curves.items(), (GREY, '#cc79a7'), ('-', '--')):
            seen = chunk * np.arange(1, len(errors) + 1) / 50000
            axes.plot(seen, 100 * np.array(errors), style, color=colour,
                      label=name, lw=3)
        axes.set_yscale('log')
        ticks = [1, 2, 5, 10, 20, 50]
        axes.set_yticks(ticks, ticks)
        axes.minorticks_off()
        axes.set(xlim=(0, seen[-1]), xlabel='epochs',
                 ylabel='training error in %',
                 title='LeNet-5 on MNIST with ReLU and with tanh')
        axes.grid(alpha=.3)
        axes.legend(framealpha=0)
        figure.tight_layout()
    save(figure, 'relu_tanh.png')


PICTURES = {'edges': draw_edges, 'sliding': draw_sliding,
            'convolution': draw_convolution, 'padding': draw_padding,
            'backward': draw_backward, 'pooling': draw_pooling,
            'overlap': draw_overlap, 'alexnet': draw_alexnet,
            'layers': draw_layers, 'relu_tanh': draw_relu_and_tanh}


def main():
    """Draw the pictures that are named, or all."""
    names = sys.argv[1:] or list(PICTURES)
    for name in names:
        if name not in PICTURES:
            sys.exit(f"{name} is none of {', '.join(PICTURES)}")
    for name in names:
        PICTURES[name]()


if __name__ == '__main__':
    main()
