#!/usr/bin/env python3
"""Train the TensorFlow LeNet-5 for 10 epochs and classify the digits.

The seeds of NumPy, TensorFlow and Python are fixed, so the first weights and
the order of the batches are the same in every run. TensorFlow's threads add
numbers in no fixed order: the last digits of all that follows may differ.
"""
import random
import signal
import numpy as np
from surroundings import end_at_once, load_mnist, progress
from drawing import show_curves, show_image, show_worst
import tensorflow.compat.v1 as tf
tf.disable_eager_execution()
lenet5 = __import__('4-lenet5').lenet5

if __name__ == "__main__":
    signal.signal(signal.SIGINT, end_at_once)
    np.random.seed(0)
    tf.set_random_seed(0)
    random.seed(0)  # today's Keras draws the initial weights from this one
    lib = load_mnist()
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
    train = {x: X_train_c, y: Y_train}
    valid = {x: X_valid_c, y: Y_valid}
    line = ("After {} epochs: {} cost, {} accuracy, "
            "{} validation cost, {} validation accuracy")
    found = []
    init = tf.global_variables_initializer()
    with tf.Session() as sess:
        sess.run(init)
        for epoch in range(epochs):
            found.append(sess.run((loss, acc), train) +
                         sess.run((loss, acc), valid))
            print(line.format(epoch, *found[-1]))
            p = np.random.permutation(m)
            X_shuffle = X_train_c[p]
            Y_shuffle = Y_train[p]
            for i in progress(range(0, m, batch_size)):
                X_batch = X_shuffle[i:i+batch_size]
                Y_batch = Y_shuffle[i:i+batch_size]
                sess.run(train_op, feed_dict={x: X_batch, y: Y_batch})
        found.append(sess.run((loss, acc), train) +
                     sess.run((loss, acc), valid))
        print(line.format(epochs, *found[-1]))
        Y_pred = sess.run(y_pred, feed_dict=valid)
        print(Y_pred[0])
        show_image(X_valid[0], str(Y_valid[0]) + ' : ' +
                   str(np.argmax(Y_pred[0])))
        cost, accuracy, cost_valid, accuracy_valid = zip(*found)
        show_curves(range(epochs + 1),
                    {'training': cost, 'validation': cost_valid},
                    {'training': accuracy, 'validation': accuracy_valid})
        show_worst(X_valid, Y_valid, Y_pred)
