#!/usr/bin/env python3
"""Draw the pictures of the pages, with the numbers of example.py.

The numbers and shapes in the pictures are computed by the functions of tasks 0
to 3, or by the Keras LeNet-5, trained here for three epochs. Times are not
measured again: the ladder's bars show those in the page.
"""
import os
import random
import re
import sys

import matplotlib
matplotlib.use('agg')
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.colors import LinearSegmentedColormap  # noqa: E402
from PIL import Image  # noqa: E402

LESSON = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(LESSON)
sys.path[:0] = [os.path.join(ROOT, room) for room in ('mains', 'examples')]
surroundings = __import__('surroundings')
example = __import__('example')
ladder = __import__('ladder')
scratch = __import__('lenet5_from_scratch')
alexnet = __import__('6-alexnet')
conv_forward = __import__('0-conv_forward').conv_forward
pool_forward = __import__('1-pool_forward').pool_forward
conv_backward = __import__('2-conv_backward').conv_backward
pool_backward = __import__('3-pool_backward').pool_backward

# two colours that everyone can tell apart, from Okabe and Ito
BLUE, ORANGE = '#0072b2', '#e69f00'
PALE = {BLUE: '#b9d9ec', ORANGE: '#fbdf9f', None: 'white'}
GREY = '#767676'
# pictures are 8 inches wide, so this size is legible on a phone; text as paths
# looks the same everywhere; the salt makes the files reproducible
plt.rcParams.update({'font.size': 17, 'axes.titlesize': 17,
                     'svg.fonttype': 'path', 'svg.hashsalt': 'lesson'})


def save(figure, name):
    """Save a figure beside this program, without dates, and say so."""
    path = os.path.join(LESSON, name)
    metadata = {'Date': None} if name.endswith('svg') else {'Software': None}
    figure.savefig(path, dpi=200, metadata=metadata)
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
        'fill': False, 'ec': 'black', 'lw': 3, 'zorder': 3, **style}))


def draw_cells(axes, array, left, top, title='', colours=None, letters=None,
               grey=()):
    """Draw a matrix as cells with numbers in them, and a title above.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        A sheet.
    array : numpy.ndarray, shape (h, w)
        The numbers; a cell with NaN stays empty.
    left, top : float
        Where the first cell begins.
    colours : dict of (int, int) to str, optional
        BLUE or ORANGE for the cells that are marked.
    letters : dict of (int, int) to str, optional
        Smaller text for the corners of cells.
    grey : container of (int, int)
        The cells whose numbers only fill up the matrix.
    """
    size = 576 / axes.get_xlim()[1] * .45       # points
    for (y, x), n in np.ndenumerate(array):
        frame(axes, left + x, top + y, fill=True, ec=GREY, lw=1, zorder=1,
              fc=PALE[(colours or {}).get((y, x))])
        letter = (letters or {}).get((y, x))
        # longer numbers are smaller; those with a letter move up and left
        text, aside = number(n), .1 if letter else 0
        axes.text(left + x + .5 - aside, top + y + .52 - aside, text,
                  size=size * (.8 if len(text) > 3 else 1), ha='center',
                  va='center', color=GREY if (y, x) in grey else 'black')
        if letter:
            axes.text(left + x + .95, top + y + .78, letter, size=.65 * size,
                      ha='right', va='center')
    axes.text(left, top - .2, title, va='bottom', linespacing=1.1)


def number(n):
    """Return a number as text, with a minus sign as wide as a plus sign."""
    return '' if np.isnan(n) else '{:g}'.format(n).replace('-', '\u2212')


def product(*numbers):
    """Return a product of numbers as text, without multiplying them."""
    return '\u00d7'.join(number(n) if n >= 0 else '({})'.format(number(n))
                         for n in numbers)


def window_sum(window, W, b, z):
    """Return the sum of a window as text, with a line for each row.

    >>> print(window_sum(np.ones((1, 2)), np.full((1, 2), 3), 2, 8))
      1\u00d73    + 1\u00d73
    + 2 = 8
    """
    assert (window * W).sum() + b == z
    rows = [' + '.join('{:6}'.format(product(*pair)) for pair in zip(*row))
            for row in zip(window, W)]
    return '  ' + '\n+ '.join([row.rstrip() for row in rows] + [
        '{} = {}'.format(number(b), number(z))])


def block(y, x, h, w, colour=None):
    """Return the colours of h x w cells that begin at row y and column x."""
    return {(y + r, x + s): colour for r in range(h) for s in range(w)}


def example_layer(padding='valid'):
    """Return the example's image, kernel, bias and output, all (h, w)."""
    Z = conv_forward(example.A_PREV, example.W, example.B, lambda Z: Z,
                     padding)
    return (example.A_PREV[0, ..., 0], example.W[..., 0, 0],
            example.B[..., 0, 0], Z[0, ..., 0])


def sliding_step(padding, y, x):
    """Draw one step of the kernel sliding over the image, as pixels."""
    A_prev, W, b, Z = example_layer(padding)
    zeros = 1 if padding == 'same' else 0
    A_pad = np.pad(A_prev, zeros, 'constant')
    window = A_pad[y:y + 3, x:x + 3]
    left, top = 1.3 - zeros, 3 - zeros
    axes = sheet(11.8, 10.5)
    axes.text(.3, .7, "'same': with zeros around the image" if zeros else
              "'valid': the kernel stays on the image", va='center', size=20)
    draw_cells(axes, A_pad, left, top, 'image', block(y, x, 3, 3, BLUE), {
        (y + r, x + s): '\u00d7' + number(n)
        for (r, s), n in np.ndenumerate(W)},
        set(np.ndindex(*A_pad.shape)) - set(block(zeros, zeros, 4, 4)))
    frame(axes, 1.3, 3, 4)
    frame(axes, left + x, top + y, 3, ec=ORANGE, lw=6)
    draw_cells(axes, W, 7.4, 2, 'kernel', block(0, 0, 3, 3, ORANGE))
    draw_cells(axes, b, 10.6, 2, 'bias', {(0, 0): ORANGE})
    known = np.arange(Z.size).reshape(Z.shape) <= y * len(Z) + x
    draw_cells(axes, np.where(known, Z, np.nan), 7.4, 6, 'output')
    frame(axes, 7.4 + x, 6 + y)
    axes.text(.3, 8.3, window_sum(window, W, b.item(), Z[y, x]), va='top',
              size=20, family='monospace')
    axes.figure.canvas.draw()
    pixels = np.array(axes.figure.canvas.buffer_rgba())
    plt.close(axes.figure)
    return Image.fromarray(pixels).convert('RGB')


def draw_sliding():
    """Draw the kernel sliding over the image, as an animation."""
    steps = [('valid', y, x) for y, x in np.ndindex(2, 2)]
    steps += [('same', y, x) for y, x in np.ndindex(4, 4)]
    images = [sliding_step(*step) for step in steps]
    # one palette for all, or the colours would flicker
    palette = images[-1].quantize(32)
    images = [image.quantize(palette=palette, dither=0) for image in images]
    path = os.path.join(LESSON, 'sliding.gif')
    images[0].save(path, save_all=True, append_images=images[1:], loop=0,
                   duration=[1500] * 3 + [3000] + [1000] * 15 + [3000])
    print(path)


def draw_convolution():
    """Draw how one output of a convolution is computed."""
    A_prev, W, b, Z = example_layer()
    axes = sheet(14, 8.6)
    draw_cells(axes, A_prev, .3, 1.3, 'image', block(0, 0, 3, 3, BLUE))
    draw_cells(axes, W, 5.3, 1.8, 'kernel', block(0, 0, 3, 3, ORANGE))
    draw_cells(axes, b, 9.3, 2.8, 'bias', {(0, 0): ORANGE})
    draw_cells(axes, Z, 11.5, 2.3, 'output')
    frame(axes, .3, 1.3, 3, ec=BLUE)
    frame(axes, 11.5, 2.3)
    for left, sign in (4.8, '\u2217'), (8.8, '+'), (10.9, '='):
        axes.text(left, 3.3, sign, ha='center', va='center', size=24)
    axes.text(.3, 5.8, window_sum(A_prev[:3, :3], W, b.item(), Z[0, 0]),
              va='top', size=22, family='monospace')
    save(axes.figure, 'convolution.svg')


def draw_gradient(axes, top, factor, partners, result, at):
    """Draw a row of the picture: a matrix, dZ, and the gradient they give.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        A sheet.
    top : float
        Where the highest matrix begins.
    factor, result : tuple of str and numpy.ndarray
        Name and numbers: of the matrix that dZ is multiplied by, which may be
        empty, and of the gradient.
    partners : list of (int, int)
        The positions in `factor` that the numbers of dZ are multiplied with.
    at : tuple of int
        The position in the gradient that is explained.
    """
    dZ = 'dZ', example.DZ[0, ..., 0]
    height = max(len(array) for _, array in (factor, dZ, result))
    marks = dict(zip(partners, 'abcd'))
    letters = dict(zip(np.ndindex(2, 2), marks.values()))
    for (name, array), left, colours, corners in (
            (factor, .3, dict.fromkeys(marks, BLUE), marks),
            (dZ, 5.6, block(0, 0, 2, 2, ORANGE), letters),
            (result, 9.3, {}, {})):
        above = top + (height - len(array)) / 2
        draw_cells(axes, array, left, above, name, colours, corners)
    frame(axes, 9.3 + at[1], above + at[0])
    axes.text(8.45, top + height / 2, '\u2192', ha='center', va='center',
              size=28)
    numbers = [dZ[1].ravel(), [factor[1][pair] for pair in partners]]
    terms = list(zip(*filter(len, numbers)))
    assert sum(map(np.prod, terms)) == result[1][at]
    axes.text(.3, top + height + .3, '{} = {}'.format(' + '.join(
        product(*term) for term in terms), number(result[1][at])), va='top',
        size=20, family='monospace')


def draw_backward():
    """Draw how one number each of dW, db and dA_prev is computed."""
    A_prev, W, _, _ = example_layer()
    dA_prev, dW, db = conv_backward(example.DZ, example.A_PREV, example.W,
                                    example.B, 'valid')
    four = list(np.ndindex(2, 2))
    axes = sheet(14, 17.3)
    draw_gradient(axes, 1.2, ('A_prev', A_prev), [(y, x + 2) for y, x in four],
                  ('dW', dW[..., 0, 0]), (0, 2))
    draw_gradient(axes, 7.6, ('', np.zeros((0, 0))), [], ('db', db[0, 0]),
                  (0, 0))
    # the pixel met the kernel's numbers in the opposite order
    draw_gradient(axes, 12, ('W', W), [(1 - y, 1 - x) for y, x in four],
                  ('dA_prev', dA_prev[0, ..., 0]), (1, 1))
    save(axes.figure, 'backward.svg')


def draw_padded(axes, padding, s, left, top):
    """Draw 5 x 5 pixels at (left, top), their zeros, and the windows."""
    n = conv_forward(np.ones((1, 5, 5, 1)), example.W, example.B,
                     lambda Z: Z, padding, (s, s)).shape[1]
    zeros = (5 - 1) * s + 3 - 5 if padding == 'same' else 0
    before = zeros - zeros // 2
    left, top, centres = left - before, top - before, np.arange(n) * s + 1
    # neither pixels nor centres show a number
    A_pad = np.zeros((5 + zeros, 5 + zeros))
    A_pad[before:before + 5, before:before + 5] = np.nan
    A_pad[np.ix_(centres, centres)] = np.nan
    draw_cells(axes, A_pad, left, top,
               "'{}', stride {}\n5 \u00d7 5 \u2192 {} \u00d7 {}".format(
                   padding, s, n, n), block(before, before, 5, 5, BLUE),
               grey=set(np.ndindex(*A_pad.shape)))
    axes.plot(*np.meshgrid(left + centres + .5, top + centres + .5), 'o',
              color=BLUE, ms=11)
    for first, style in (0, '-'), ((n - 1) * s, ':'):
        frame(axes, left + first, top + first, 3, ec=ORANGE, lw=5, ls=style)


def draw_padding():
    """Draw what 'same' and 'valid' make of 5 x 5 pixels, at two strides."""
    axes = sheet(17.6, 23.2)
    for s, top in (1, 3), (2, 14.9):
        for padding, left in ('valid', .5), ('same', 9.1):
            draw_padded(axes, padding, s, left, top)
    save(axes.figure, 'padding.svg')


def draw_pooling():
    """Draw pooling, forward and backward, with a tie for a maximum."""
    pixels, dA = example.PIXELS[0, ..., 0], example.DA[0, ..., 0]
    windows = {**block(0, 0, 4, 4, BLUE), **block(0, 0, 2, 2, ORANGE)}
    corners = {**block(0, 0, 2, 2, BLUE), (0, 0): ORANGE}
    axes = sheet(14, 11.2)
    draw_cells(axes, pixels, .3, 1.5, 'A_prev', windows)
    draw_cells(axes, dA, 1.3, 7.9, 'dA', corners)
    lefts = {'max': 5, 'avg': 9.7}
    for mode, left in lefts.items():
        A = pool_forward(example.PIXELS, (2, 2), (2, 2), mode)[0, ..., 0]
        dA_prev = pool_backward(example.DA, example.PIXELS, (2, 2), (2, 2),
                                mode)[0, ..., 0]
        draw_cells(axes, A, left + 1, 2.5, 'A, ' + mode, corners)
        draw_cells(axes, dA_prev, left, 6.9, 'dA_prev, ' + mode, {
            at: colour for at, colour in windows.items() if dA_prev[at]})
    for left, top in [(.3, 1.5)] + [(left, 6.9) for left in lefts.values()]:
        for y, x in np.ndindex(2, 2):
            frame(axes, left + 2 * x, top + 2 * y, 2)
    save(axes.figure, 'pooling.svg')


def draw_wide():
    """Draw one product that gives two outputs, with a wide window."""
    A_prev, W, b, Z = example_layer()
    t = 2
    wide = np.zeros((3, 4, t))
    for j in range(t):
        wide[:, j:j + 3, j] = W
    wide = np.vstack((wide.reshape(12, t), np.full((1, t), b)))
    row = np.append(A_prev[:3], 1)[None]
    assert (row @ wide == Z[:1]).all()
    axes = sheet(17, 17)
    draw_cells(axes, A_prev, .3, 1.5, 'image', block(0, 0, 3, 4, BLUE))
    draw_cells(axes, W, 5.6, 1.5, 'kernel', block(0, 0, 3, 3, ORANGE))
    draw_cells(axes, b, 9.9, 1.5, 'bias', {(0, 0): ORANGE})
    draw_cells(axes, row, .3, 15.7, 'the wide window as a row, then a 1',
               block(0, 0, 1, 12, BLUE))
    kernel = {(y, x): ORANGE for y, x in np.ndindex(13, t)
              if y == 12 or x <= y % 4 < x + 3}
    filling = set(np.ndindex(13, t)) - set(kernel)
    draw_cells(axes, wide, 14.4, 1.5, 'wide\nkernel', kernel, grey=filling)
    for j, title in enumerate(('first column', 'second column')):
        draw_cells(axes, wide[:12, j].reshape(3, 4), .3 + 6 * j, 8.7, title,
                   block(0, j, 3, 3, ORANGE),
                   grey=[divmod(y, 4) for y, x in filling if x == j])
    draw_cells(axes, row @ wide, 14.4, 15.7, 'output')
    frame(axes, 14.4, 15.7, 2, 1)
    for k in range(3):
        frame(axes, .3 + 4 * k, 15.7, 4, 1, lw=2)
        frame(axes, 14.4, 1.5 + 4 * k, 2, 4, lw=2)
    save(axes.figure, 'wide.svg')


def draw_maps(figure, place, maps, down, title, style):
    """Draw maps (1, h, w, c) in `down` rows, with a title above."""
    across = maps.shape[3] // down
    cells = place.subgridspec(down, across, hspace=.06, wspace=.06)
    for k in range(maps.shape[3]):
        axes = figure.add_subplot(cells[k // across, k % across], xticks=[],
                                  yticks=[])
        axes.imshow(maps[0, ..., k], **style)
    box = place.get_position(figure)
    figure.text((box.x0 + box.x1) / 2, box.y1 + .02, title, ha='center',
                va='bottom', size=15)


def draw_layers(weights, X_valid):
    """Draw what each layer of the trained LeNet-5 makes of a digit."""
    theta = np.concatenate([W.ravel() for W in weights])
    layers = scratch.forward(theta, X_valid[:1, ..., None])
    Y_pred = scratch.cross_entropy(layers[-1], np.zeros(1, int))[0][0]
    kernels = weights[0].transpose(2, 0, 1, 3)  # (1, 5, 5, 6)
    most = abs(kernels).max()
    signs = {'cmap': LinearSegmentedColormap.from_list(
        '', [ORANGE, 'white', BLUE]), 'vmin': -most, 'vmax': most}
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
    axes.bar(range(10), Y_pred, color=BLUE)
    axes.tick_params(labelsize=15, length=0)
    axes.spines[['top', 'right']].set_visible(False)
    axes.set_title('dense layers\nten probabilities', size=15)
    save(figure, 'layers.png')


def draw_overlap(digit):
    """Draw a digit pooled with and without overlapping windows."""
    figure, panels = plt.subplots(1, 3, figsize=(8, 3.4), gridspec_kw={
        'left': .01, 'right': .99, 'bottom': .02, 'top': .8, 'wspace': .04})
    panels[0].imshow(digit)
    panels[0].set_title('the digit\n28 \u00d7 28')
    for axes, k in zip(panels[1:], (2, 3)):
        A = pool_forward(digit[None, ..., None], (k, k), (2, 2))[0, ..., 0]
        axes.imshow(A)
        axes.set_title('{0} \u00d7 {0} windows\nstride 2: {1} \u00d7 {2}'
                       .format(k, *A.shape))
    for axes in panels:
        axes.axis('off')
    save(figure, 'overlap.png')


def draw_alexnet():
    """Draw each AlexNet layer's share of the parameters and of the work."""
    layers = [layer for layer in alexnet.layers() if layer[2]]
    figure, axes = plt.subplots(figsize=(8, 8.6))
    for column, colour, label, shift in (
            (2, ORANGE, 'parameters', -.18),
            (3, BLUE, 'multiplications', .18)):
        shares = np.array([layer[column] for layer in layers], float)
        shares *= 100 / shares.sum()
        rows = np.arange(len(layers)) + shift
        bars = axes.barh(rows, shares, .36, color=colour, label=label)
        axes.bar_label(bars, [
            ('{:.0f} %' if share >= 1 else '{:.1f} %').format(share)
            for share in shares], padding=6, size=15)
    axes.set(xticks=[], yticks=range(len(layers)), xlim=(0, 75),
             ylim=(len(layers) - .5, -.5))
    axes.set_yticklabels(['{}\n{}'.format(name.replace(
        'fully connected', 'dense'), ' \u00d7 '.join(map(str, shape)))
        for name, shape, _, _ in layers])
    axes.tick_params(length=0)
    axes.spines[['top', 'right', 'bottom']].set_visible(False)
    axes.legend(loc='center right', bbox_to_anchor=(1, .75), frameon=False)
    figure.tight_layout(pad=.4)
    save(figure, 'alexnet.svg')


def draw_ladder():
    """Draw the times in the page's tables, which ladder.py has printed."""
    with open(os.path.join(LESSON, 'README.md'), encoding='utf-8') as page:
        rows = re.findall(r'^\| ([^|]*?) \| ([\d.,]+) \| [\d.,]+ \|$',
                          page.read(), re.MULTILINE)
    times = iter([(name, float(taken.replace(',', '')))
                  for name, taken in rows])
    ladder.draw({layer: [next(times) for _ in rungs]
                 for layer, rungs in ladder.LAYERS.items()},
                os.path.join(LESSON, 'ladder.svg'))


def train(activation, lib, epochs=3, chunk=2500):
    """Train the Keras LeNet-5 with ReLU or tanh.

    Parameters
    ----------
    activation : {'relu', 'tanh'}
        The activation of the hidden layers.
    lib : dict of str to numpy.ndarray
        MNIST.
    epochs, chunk : int
        How long to train, and after how many images to record the error.

    Returns
    -------
    errors : list of float
        The share of each chunk's images that were classified wrongly, while
        the network was learning from them.
    weights : list of numpy.ndarray
    """
    K = __import__('tensorflow.keras', fromlist=['keras'])
    lenet5 = __import__('5-lenet5').lenet5
    random.seed(0)
    np.random.seed(0)
    __import__('tensorflow').random.set_seed(0)
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
    return errors, model.get_weights()


def draw_relu_and_tanh(curves, chunk=2500):
    """Draw the training error of both networks as they learn."""
    figure, axes = plt.subplots(figsize=(8, 4.6))
    for (name, errors), colour, style in zip(curves.items(), (BLUE, ORANGE),
                                             ('-', '--')):
        seen = chunk * np.arange(1, len(errors) + 1) / 50000
        axes.plot(seen, 100 * np.array(errors), style, color=colour,
                  label=name, lw=2)
    axes.set_yscale('log')
    axes.set_yticks([1, 2, 5, 10, 20, 50])
    axes.set_yticklabels(['1', '2', '5', '10', '20', '50'])
    axes.minorticks_off()
    axes.set(xlim=(0, seen[-1]), xlabel='epochs', ylabel='training error in %',
             title='LeNet-5 on MNIST with ReLU and with tanh')
    axes.grid(alpha=.3)
    axes.legend()
    figure.tight_layout()
    save(figure, 'relu_tanh.png')


def main():
    """Draw everything."""
    lib = surroundings.load_mnist()
    draw_sliding()
    draw_convolution()
    draw_backward()
    draw_padding()
    draw_pooling()
    draw_wide()
    draw_overlap(lib['X_valid'][0])
    draw_alexnet()
    draw_ladder()
    errors, weights = train('relu', lib)
    draw_layers(weights, lib['X_valid'])
    draw_relu_and_tanh({'ReLU': errors, 'tanh': train('tanh', lib)[0]})


if __name__ == '__main__':
    main()
