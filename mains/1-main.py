#!/usr/bin/env python3
"""Pool the 50,000 training digits and their negatives with 2x2 maxima."""
import numpy as np
from surroundings import load_mnist
from drawing import show_image
pool_forward = __import__('1-pool_forward').pool_forward

if __name__ == "__main__":
    np.random.seed(0)
    lib = load_mnist()
    X_train = lib['X_train']
    m, h, w = X_train.shape
    X_train_a = X_train.reshape((-1, h, w, 1))
    X_train_b = 1 - X_train_a
    X_train_c = np.concatenate((X_train_a, X_train_b), axis=3)

    print(X_train_c.shape)
    show_image(X_train_c[0, :, :, 0], 'X_train[0]')
    show_image(X_train_c[0, :, :, 1], 'its negative')
    A = pool_forward(X_train_c, (2, 2), stride=(2, 2))
    print(A.shape)
    show_image(A[0, :, :, 0], 'X_train[0], pooled')
    show_image(A[0, :, :, 1], 'its negative, pooled')
