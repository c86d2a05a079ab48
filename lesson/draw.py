#!/usr/bin/env python3
"""Draw the pictures of README.md and 6-alexnet.md, with the scripts' own code.

The numbers and shapes in the pictures are computed by the functions of tasks 0
to 3, or by the Keras LeNet-5, trained here for three epochs.
"""
import os
import random
import sys

import matplotlib
matplotlib.use('agg')
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

LESSON = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(LESSON)
sys.path[:0] = [os.path.join(ROOT, room) for room in ('mains', 'examples')]
surroundings = __import__('surroundings')
scratch = __import__('lenet5_from_scratch')
alexnet = __import__('6-alexnet')
conv_forward = __import__('0-conv_forward').conv_forward
pool_forward = __import__('1-pool_forward').pool_forward
pool_backward = __import__('3-pool_backward').pool_backward

# two colours that everybody tells apart, after Okabe and Ito
BLUE, ORANGE = '#0072b2', '#e69f00'
PALE = {BLUE: '#cce3f0', ORANGE: '#fbe6bf', None: '#f4f4f4'}
plt.rcParams.update({'font.size': 11, 'axes.titlesize': 12,
                     'savefig.dpi': 100})


def save(figure, name):
    """Save a figure beside this program and say so."""
    path = os.path.join(LESSON, name)
    figure.savefig(path, metadata={'Software': None})
    plt.close(figure)
    print(path)


def show(axes, image, title=''):
    """Show one channel as an image, without axes that mean nothing."""
    axes.imshow(image, cmap='viridis')
    axes.set_title(title)
    axes.axis('off')


def draw_cells(axes, array, left=0, top=0, colours=None):
    """Draw a matrix as cells with numbers in them.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw; one unit is one cell, rows go down.
    array : numpy.ndarray, shape (h, w)
        The numbers.
    left, top : float
        Where the first cell begins.
    colours : dict of (int, int) to str, optional
        BLUE or ORANGE for the cells that are marked.
    """
    for (y, x), number in np.ndenumerate(array):
        colour = (colours or {}).get((y, x))
        axes.add_patch(plt.Rectangle((left + x, top + y), 1, 1, ec='#888888',
                                     fc=PALE[colour], lw=.8))
        axes.text(left + x + .5, top + y + .53, '{:g}'.format(number),
                  ha='center', va='center', size=11,
                  color='#888888' if number == 0 else 'black')


def blank(axes, width, height):
    """Make axes a sheet of so many cells."""
    axes.set_xlim(-.1, width + .1)
    axes.set_ylim(height + .1, -.1)
    axes.set_aspect('equal')
    axes.axis('off')


def draw_convolution():
    """Draw how conv_forward computes: one product, wide windows."""
    A_prev = np.array([[1, 0, 2, 1, 3], [0, 1, 1, 2, 0], [2, 1, 0, 1, 1.]])
    W, b, t = np.array([[1, 2], [-1, 3.]]), 1, 2
    Z = conv_forward(A_prev[None, ..., None], W[..., None, None],
                     np.full((1, 1, 1, 1), b), lambda Z: Z,
                     'valid')[0, ..., 0]
    wide = np.zeros((2, 3, t))
    for j in range(t):
        wide[:, j:j + 2, j] = W
    wide = np.vstack((wide.reshape(6, t), np.full((1, t), b)))
    row = np.append(A_prev[:2, :3].ravel(), 1)[None]
    assert (row @ wide == Z[0, :2]).all()

    figure, axes = plt.subplots(figsize=(9, 4.3))
    blank(axes, 22, 9.6)
    text = {'va': 'bottom', 'size': 11}
    axes.text(0, .9, 'image', **text)
    draw_cells(axes, A_prev, 0, 1, {
        (y, x): BLUE for y in range(2) for x in range(3)})
    axes.text(0, 5.9, 'kernel', **text)
    draw_cells(axes, W, 0, 6)
    axes.text(3, 5.9, 'bias', **text)
    draw_cells(axes, np.array([[b]]), 3, 6)
    axes.text(6.5, 3.9, 'wide window, and a 1', **text)
    draw_cells(axes, row, 6.5, 4, {(0, x): BLUE for x in range(6)})
    axes.text(14, 4.5, '@', ha='center', va='center', size=16)
    axes.text(14.6, .9, 'wide kernel', **text)
    draw_cells(axes, wide, 14.6, 1, {
        (y, x): ORANGE for y in range(7) for x in range(t)
        if y == 6 or x <= y % 3 < x + 2})
    axes.text(17.2, 4.5, '=', ha='center', va='center', size=16)
    axes.text(17.8, 2.9, 'output', **text)
    draw_cells(axes, Z, 17.8, 3.5, {(0, 0): ORANGE, (0, 1): ORANGE})
    axes.text(6.5, 8.9, 'Each column of the wide kernel is the kernel, moved '
              'by one pixel;\nthe zeros add nothing. One product gives two '
              'outputs.', va='center', size=11)
    figure.tight_layout(pad=.3)
    save(figure, 'convolution.png')


def draw_padding():
    """Draw what 'same' and 'valid' make of 5 x 5 pixels, at two strides."""
    A_prev, W, b = np.ones((1, 5, 5, 1)), np.ones((3, 3, 1, 1)), np.zeros(
        (1, 1, 1, 1))
    figure, panels = plt.subplots(1, 4, figsize=(9, 3.1))
    for axes, (padding, s) in zip(panels, (('valid', 1), ('same', 1),
                                           ('valid', 2), ('same', 2))):
        h_new = conv_forward(A_prev, W, b, lambda Z: Z, padding,
                             (s, s)).shape[1]
        total = (5 - 1) * s + 3 - 5 if padding == 'same' else 0
        before = total - total // 2
        blank(axes, 11, 11)
        corner = 3 - before
        for y in range(5 + total):
            for x in range(5 + total):
                inside = before <= min(y, x) and max(y, x) < before + 5
                axes.add_patch(plt.Rectangle(
                    (corner + x, corner + y), 1, 1, lw=.8, ec='#999999',
                    fc=PALE[BLUE] if inside else 'white',
                    ls='-' if inside else ':'))
        centres = [corner + i * s + 1.5 for i in range(h_new)]
        axes.plot(*np.meshgrid(centres, centres), 'o', color=BLUE, ms=4)
        axes.add_patch(plt.Rectangle((corner, corner), 3, 3, fill=False,
                                     ec=ORANGE, lw=2.5))
        axes.set_title("'{}', stride {}\n5 x 5 becomes {} x {}".format(
            padding, s, h_new, h_new), size=11)
    figure.tight_layout(pad=.4)
    save(figure, 'padding.png')


def draw_pooling():
    """Draw max pooling forward and backward, with two pixels that tie."""
    A_prev = np.array([[1, 3, 2, 0], [0, 2, 5, 5], [4, 1, 0, 1],
                       [2, 0, 3, 2.]])
    dA = np.array([[.1, .2], [.3, .4]])
    A = pool_forward(A_prev[None, ..., None], (2, 2), (2, 2))[0, ..., 0]
    dA_prev = pool_backward(dA[None, ..., None], A_prev[None, ..., None],
                            (2, 2), (2, 2))[0, ..., 0]
    marks = {(y, x): ORANGE if y < 2 <= x else BLUE
             for y, x in np.argwhere(dA_prev)}
    corners = {(y, x): ORANGE if (y, x) == (0, 1) else BLUE
               for y in range(2) for x in range(2)}
    figure, axes = plt.subplots(figsize=(9, 2.6))
    blank(axes, 19.5, 5.2)
    for array, left, top, colours, title in (
            (A_prev, 0, 1, marks, 'A_prev'), (A, 6, 2, corners, 'A'),
            (dA, 10.5, 2, corners, 'dA'),
            (dA_prev, 15, 1, marks, 'dA_prev')):
        draw_cells(axes, array, left, top, colours)
        axes.text(left, top - .15, title, va='bottom')
    for left in 4.2, 12.7:
        axes.annotate('', (left + 1.5, 3), (left, 3),
                      arrowprops={'arrowstyle': '->'})
    for left in 0, 15:
        axes.plot([left, left + 4], [3, 3], color='black', lw=1.5)
        axes.plot([left + 2, left + 2], [1, 5], color='black', lw=1.5)
    figure.tight_layout(pad=.3)
    save(figure, 'pooling.png')


def draw_layers(weights, X_valid):
    """Draw a digit on its way through the trained LeNet-5."""
    theta = np.concatenate([W.ravel() for W in weights])
    layers = scratch.forward(theta, X_valid[:1, ..., None])
    Y_pred, _ = scratch.cross_entropy(layers[-1], np.zeros(1, int))
    P2 = layers[4].reshape(1, 5, 5, 16)
    figure = plt.figure(figsize=(9, 2.9))
    columns = figure.add_gridspec(1, 6, width_ratios=[1, 1, 1, 1.35, 1.35, 1],
                                  left=.01, right=.99, bottom=.1, top=.76,
                                  wspace=.12)
    for column, maps, down, title in (
            (0, layers[0], 1, 'the digit\n28 x 28'),
            (1, layers[1], 3, 'convolution, ReLU\n6 of 28 x 28'),
            (2, layers[2], 3, 'max pooling\n6 of 14 x 14'),
            (3, layers[3], 4, 'convolution, ReLU\n16 of 10 x 10'),
            (4, P2, 4, 'max pooling\n16 of 5 x 5')):
        across = maps.shape[3] // down
        cells = columns[column].subgridspec(down, across, hspace=.06,
                                            wspace=.06)
        for k in range(maps.shape[3]):
            show(figure.add_subplot(cells[k // across, k % across]),
                 maps[0, :, :, k])
        place = columns[column].get_position(figure)
        figure.text((place.x0 + place.x1) / 2, .98, title, ha='center',
                    va='top', size=9.5)
    axes = figure.add_subplot(columns[5])
    axes.barh(range(10), Y_pred[0], color=BLUE)
    axes.set_yticks(range(10))
    axes.set_ylim(9.6, -.6)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 1])
    axes.tick_params(labelsize=8, length=0)
    for side in 'top', 'right', 'bottom':
        axes.spines[side].set_visible(False)
    place = columns[5].get_position(figure)
    figure.text((place.x0 + place.x1) / 2, .98, 'dense layers\n'
                'ten probabilities', ha='center', va='top', size=9.5)
    save(figure, 'layers.png')


def draw_overlap(digit):
    """Draw a digit pooled by windows that overlap and that do not."""
    figure, panels = plt.subplots(1, 3, figsize=(9, 3.4))
    show(panels[0], digit, 'the digit, 28 x 28')
    for axes, k in zip(panels[1:], (2, 3)):
        A = pool_forward(digit[None, ..., None], (k, k), (2, 2))[0, ..., 0]
        show(axes, A, '{} x {} windows, stride 2: {} x {}'.format(
            k, k, *A.shape))
    figure.tight_layout()
    save(figure, 'overlap.png')


def draw_alexnet():
    """Draw AlexNet's layers as boxes: the more maps, the wider."""
    figure, axes = plt.subplots(figsize=(9, 3.9))
    left = 0
    for name, shape, parameters, _ in alexnet.layers():
        if 'pooling' in name:
            continue
        size = shape[0] if len(shape) == 3 else 1
        # dense layers, which have no maps, are drawn as thin bars
        height = max(6, size)
        width = 7 * np.log2(shape[-1])
        colour = ORANGE if 'fully' in name else BLUE
        axes.add_patch(plt.Rectangle(
            (left, -height / 2), width, height, fc=PALE[colour], ec=colour))
        words = name.replace('convolution', 'conv').replace(
            'fully connected', 'dense')
        axes.text(left + width / 2, height / 2 + 5, words + '\n' + ' x '.join(
            map(str, shape)), ha='center', va='bottom', size=9)
        if parameters:
            axes.text(left + width / 2, -height / 2 - 5, '{:,.2f} M'.format(
                parameters / 1e6), ha='center', va='top', size=9,
                color='#555555')
        left += width + 32
    axes.set_xlim(-10, left - 20)
    axes.set_ylim(-135, 150)
    axes.axis('off')
    figure.tight_layout(pad=.2)
    save(figure, 'alexnet.png')


def train(activation, lib, epochs=3, chunk=2500):
    """Train the Keras LeNet-5 with ReLU or tanh.

    Parameters
    ----------
    activation : {'relu', 'tanh'}
        Of the hidden layers.
    lib : dict of str to numpy.ndarray
        MNIST.
    epochs, chunk : int
        How long to train, and after how many images to note the error.

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
    figure, axes = plt.subplots(figsize=(9, 4.2))
    for (name, errors), colour, style in zip(curves.items(), (BLUE, ORANGE),
                                             ('-', '--')):
        seen = chunk * np.arange(1, len(errors) + 1) / 50000
        axes.plot(seen, 100 * np.array(errors), style, color=colour,
                  label=name, lw=2)
    axes.set_yscale('log')
    axes.set_yticks([1, 2, 5, 10, 20, 50])
    axes.set_yticklabels(['1', '2', '5', '10', '20', '50'])
    axes.minorticks_off()
    axes.set_xlim(0, seen[-1])
    axes.set_xlabel('epochs')
    axes.set_ylabel('training error in %')
    axes.set_title('LeNet-5 on MNIST with ReLU and with tanh')
    axes.grid(alpha=.3)
    axes.legend()
    figure.tight_layout()
    save(figure, 'relu_tanh.png')


def main():
    """Draw everything."""
    lib = surroundings.load_mnist()
    draw_convolution()
    draw_padding()
    draw_pooling()
    draw_overlap(lib['X_valid'][0])
    draw_alexnet()
    errors, weights = train('relu', lib)
    draw_layers(weights, lib['X_valid'])
    draw_relu_and_tanh({'ReLU': errors, 'tanh': train('tanh', lib)[0]})


if __name__ == '__main__':
    main()
