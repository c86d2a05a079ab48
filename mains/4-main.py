#!/usr/bin/env python3
"""The course's driver of task 4; our changes are marked.

All seeds are fixed, so the initial weights and the order of the batches are
the same in every run. TensorFlow's threads add numbers in no fixed order, so
the last digits of everything after that may differ.
"""
import surroundings  # added
surroundings.prepare(figures=True)  # added
import os  # noqa: E402  # added
import random  # noqa: E402  # added
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow.compat.v1 as tf  # noqa: E402
tf.disable_eager_execution()
lenet5 = __import__('4-lenet5').lenet5

if __name__ == "__main__":
    np.random.seed(0)
    tf.set_random_seed(0)
    random.seed(0)  # added (Keras 3 draws the initial weights from it)
    lib = surroundings.load_mnist()  # instead of: np.load('../data/MNIST.npz')
    X_train = lib['X_train']
    Y_train = lib['Y_train']
    X_valid = lib['X_valid']
    Y_valid = lib['Y_valid']
    m, h, w = X_train.shape
    X_train_c = X_train.reshape((-1, h, w, 1))
    X_valid_c = X_valid.reshape((-1, h, w, 1))
    x = tf.placeholder(tf.float32, (None, h, w, 1))
    y = tf.placeholder(tf.int32, (None,))
    y_oh = tf.one_hot(y, 10)
    y_pred, train_op, loss, acc = lenet5(x, y_oh)
    batch_size = 32
    epochs = 10
    verbose = os.isatty(1)  # added (a bar on a terminal only)
    init = tf.global_variables_initializer()
    with tf.Session() as sess:
        sess.run(init)
        for epoch in range(epochs):
            cost, accuracy = sess.run(
                (loss, acc), feed_dict={x: X_train_c, y: Y_train})
            cost_valid, accuracy_valid = sess.run(
                (loss, acc), feed_dict={x: X_valid_c, y: Y_valid})
            print("After {} epochs: {} cost, {} accuracy, {} validation cost, "
                  "{} validation accuracy".format(
                      epoch, cost, accuracy, cost_valid, accuracy_valid))
            p = np.random.permutation(m)
            X_shuffle = X_train_c[p]
            Y_shuffle = Y_train[p]
            bar = tf.keras.utils.Progbar(m, verbose=verbose)  # added
            for i in range(0, m, batch_size):
                X_batch = X_shuffle[i:i+batch_size]
                Y_batch = Y_shuffle[i:i+batch_size]
                sess.run(train_op, feed_dict={x: X_batch, y: Y_batch})
                bar.update(i + len(X_batch))  # added
        cost, accuracy = sess.run(
            (loss, acc), feed_dict={x: X_train_c, y: Y_train})
        cost_valid, accuracy_valid = sess.run(
            (loss, acc), feed_dict={x: X_valid_c, y: Y_valid})
        print("After {} epochs: {} cost, {} accuracy, {} validation cost, "
              "{} validation accuracy".format(
                  epochs, cost, accuracy, cost_valid, accuracy_valid))
        Y_pred = sess.run(y_pred, feed_dict={x: X_valid_c, y: Y_valid})
        print(Y_pred[0])
        Y_pred = np.argmax(Y_pred, 1)
        plt.imshow(X_valid[0])
        plt.title(str(Y_valid[0]) + ' : ' + str(Y_pred[0]))
        plt.show()
