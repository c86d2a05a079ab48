#!/usr/bin/env python3
"""The figures that several drivers show, all in the same style."""
import matplotlib.pyplot as plt
import numpy as np


def show_image(image, title):
    """Show one channel of an image; its axes would only count pixels."""
    plt.imshow(image)
    plt.title(title)
    plt.axis('off')
    plt.show()


def show_curves(epochs, cost, accuracy):
    """Show how cost and accuracy developed.

    Parameters
    ----------
    epochs : sequence of int
        After how many epochs each number was found.
    cost, accuracy : dict of str to sequence of float
        A curve for each name, such as 'training' and 'validation'.
    """
    figure, panels = plt.subplots(1, 2, figsize=(9, 4))
    for axes, name, curves in zip(panels, ('cost', 'accuracy'),
                                  (cost, accuracy)):
        for label, style in zip(curves, ('o-', 's--')):
            axes.plot(epochs, curves[label], style, label=label)
        axes.set_title(name)
        axes.set_xlabel('epochs')
        axes.grid(alpha=.3)
        axes.legend()
    panels[0].set_yscale('log')
    figure.tight_layout()
    plt.show()


def show_worst(X, Y, Y_pred, n=12):
    """Show the digits whose right answer was given the least probability.

    Parameters
    ----------
    X : numpy.ndarray, shape (m, 28, 28)
        The images.
    Y : numpy.ndarray of int, shape (m,)
        The digits that they show.
    Y_pred : numpy.ndarray, shape (m, 10)
        The probabilities that were predicted.
    n : int
        How many to show.
    """
    right = Y_pred[np.arange(len(Y)), Y]
    figure, panels = plt.subplots(2, n // 2, figsize=(9, 4))
    for axes, i in zip(panels.ravel(), np.argsort(right)):
        axes.imshow(X[i])
        axes.set_title('{}, not {}'.format(Y[i], Y_pred[i].argmax()))
        axes.axis('off')
    figure.suptitle('The validation digits that it got most wrong')
    figure.tight_layout()
    plt.show()
