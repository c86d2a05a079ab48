#!/usr/bin/env python3
"""The course's driver of task 5; our changes are marked.

All seeds are fixed, so the initial weights and the order of the batches are
the same in every run. TensorFlow's threads add numbers in no fixed order, so
the last digits of everything after that may differ.
"""
import surroundings  # added
surroundings.prepare(figures=True)  # added
# Force Seed - fix for Keras
SEED = 0
import matplotlib.pyplot as plt  # noqa: E402
import os  # noqa: E402
os.environ['PYTHONHASHSEED'] = str(SEED)
import random  # noqa: E402
random.seed(SEED)
import numpy as np  # noqa: E402
np.random.seed(SEED)
import tensorflow as tf  # noqa: E402
tf.random.set_seed(SEED)
import tensorflow.keras as K  # noqa: E402

lenet5 = __import__('5-lenet5').lenet5

if __name__ == "__main__":
    lib = surroundings.load_mnist()  # instead of: np.load('../data/MNIST.npz')
    X_train = lib['X_train']
    m, h, w = X_train.shape
    X_train_c = X_train.reshape((-1, h, w, 1))
    Y_train = lib['Y_train']
    Y_train_oh = K.utils.to_categorical(Y_train, num_classes=10)
    X_valid = lib['X_valid']
    X_valid_c = X_valid.reshape((-1, h, w, 1))
    Y_valid = lib['Y_valid']
    Y_valid_oh = K.utils.to_categorical(Y_valid, num_classes=10)
    X = K.Input(shape=(h, w, 1))
    model = lenet5(X)
    batch_size = 32
    epochs = 5
    verbose = 1 if os.isatty(1) else 2  # added (a bar, or lines)
    model.fit(X_train_c, Y_train_oh, batch_size=batch_size, epochs=epochs,
              verbose=verbose,  # added
              validation_data=(X_valid_c, Y_valid_oh))
    Y_pred = model.predict(X_valid_c, verbose=0)  # added here: verbose=0
    print(Y_pred[0])
    Y_pred = np.argmax(Y_pred, 1)
    plt.imshow(X_valid[0])
    plt.title(str(Y_valid[0]) + ' : ' + str(Y_pred[0]))
    plt.show()
