#!/usr/bin/env python3
"""The numbers of the lesson: small enough to check by hand.

The pictures and the page show these numbers, and what our functions return for
them. A test compares the page with the functions.
"""
import numpy as np

# one image of 4 x 4 pixels, (m, h_prev, w_prev, c_prev)
A_PREV = np.array([[1, 0, 2, 1],
                   [0, 1, 2, 0],
                   [2, 1, 0, 1],
                   [1, 1, 1, 2]]).reshape((1, 4, 4, 1))
# one kernel of 3 x 3, (kh, kw, c_prev, c_new), and its bias
W = np.array([[1, 0, 2],
              [0, -1, 0],
              [1, 0, 0]]).reshape((3, 3, 1, 1))
B = np.array([2]).reshape((1, 1, 1, 1))
# the gradient of the four outputs, as given by the rest of the network,
# (m, h_new, w_new, 1)
DZ = np.array([[1, 0],
               [2, -1]]).reshape((1, 2, 2, 1))

# an image of 3 x 3 pixels with two channels, one after the other
A_TWO = np.stack(([[1, 0, 2],
                   [0, 1, 1],
                   [2, 1, 0]], [[0, 1, 1],
                                [2, 0, 1],
                                [1, 1, 0]]), axis=-1)[None]
# two kernels of 2 x 2 with two channels each, and their biases
W_TWO = np.stack((np.stack(([[1, 0],
                             [0, 1]], [[0, 1],
                                       [-1, 0]]), axis=-1),
                  np.stack(([[0, 2],
                             [1, 0]], [[1, 0],
                                       [0, -1]]), axis=-1)), axis=-1)
B_TWO = np.array([1, -1]).reshape((1, 1, 1, 2))

# another image, for 2 x 2 windows at stride (2, 2); its first window has a tie
PIXELS = np.array([[1, 3, 2, 0],
                   [3, 0, 1, 1],
                   [0, 1, 2, 1],
                   [4, 1, 0, 1]]).reshape((1, 4, 4, 1))
DA = np.array([[5, 1],
               [2, 3]]).reshape((1, 2, 2, 1))
