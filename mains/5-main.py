#!/usr/bin/env python3
"""Train the Keras LeNet-5 for 5 epochs and classify the digits.

The seeds of Python, NumPy and TensorFlow are fixed, so the first weights and
the order of the batches are the same in every run. TensorFlow's threads add
numbers in no fixed order: the last digits of all that follows may differ.
"""
import os
import random
import signal
import sys
import numpy as np
from surroundings import end_at_once, load_mnist
from drawing import show_curves, show_image, show_worst
import tensorflow as tf
import tensorflow.keras as K
lenet5 = __import__('5-lenet5').lenet5

if __name__ == "__main__":
    signal.signal(signal.SIGINT, end_at_once)
    # Force Seed - fix for Keras
    SEED = 0
    os.environ['PYTHONHASHSEED'] = str(SEED)
    random.seed(SEED)
    np.random.seed(SEED)
    tf.random.set_seed(SEED)
    lib = load_mnist()
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
    # Keras' progress bar while a person is watching, else a line an epoch
    history = model.fit(X_train_c, Y_train_oh, batch_size=batch_size,
                        epochs=epochs,
                        validation_data=(X_valid_c, Y_valid_oh),
                        verbose=1 if sys.stdout.isatty() else 2).history
    Y_pred = model.predict(X_valid_c, verbose=0)
    print(Y_pred[0])
    show_image(X_valid[0], str(Y_valid[0]) + ' : ' +
               str(np.argmax(Y_pred[0])))
    show_curves(range(1, epochs + 1),
                {'training': history['loss'],
                 'validation': history['val_loss']},
                {'training': history['accuracy'],
                 'validation': history['val_accuracy']})
    show_worst(X_valid, Y_valid, Y_pred)
