#!/usr/bin/env python3
"""Convolve the 50,000 training digits with two random 3x3 kernels."""
import numpy as np
from surroundings import load_mnist
from drawing import show_image
conv_forward = __import__('0-conv_forward').conv_forward

if __name__ == "__main__":
    np.random.seed(0)
    lib = load_mnist()
    X_train = lib['X_train']
    m, h, w = X_train.shape
    X_train_c = X_train.reshape((-1, h, w, 1))

    W = np.random.randn(3, 3, 1, 2)
    b = np.random.randn(1, 1, 1, 2)

    def relu(Z):
        """Rectify: negative numbers become zero."""
        return np.maximum(Z, 0)

    show_image(X_train[0], 'X_train[0], a {}'.format(lib['Y_train'][0]))
    A = conv_forward(X_train_c, W, b, relu, padding='valid')
    print(A.shape)
    show_image(A[0, :, :, 0], 'after the first random kernel and ReLU')
    show_image(A[0, :, :, 1], 'after the second random kernel and ReLU')
