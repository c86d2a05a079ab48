#!/usr/bin/env python3
"""Train the TensorFlow LeNet-5 for 10 epochs and classify a digit."""
import random
import matplotlib.pyplot as plt
import numpy as np
from surroundings import load_mnist, progress
import tensorflow.compat.v1 as tf
tf.disable_eager_execution()
lenet5 = __import__('4-lenet5').lenet5

if __name__ == "__main__":
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
    init = tf.global_variables_initializer()
    with tf.Session() as sess:
        sess.run(init)
        for epoch in range(epochs):
            print(line.format(epoch, *sess.run((loss, acc), train),
                              *sess.run((loss, acc), valid)))
            p = np.random.permutation(m)
            X_shuffle = X_train_c[p]
            Y_shuffle = Y_train[p]
            for i in progress(range(0, m, batch_size)):
                X_batch = X_shuffle[i:i+batch_size]
                Y_batch = Y_shuffle[i:i+batch_size]
                sess.run(train_op, feed_dict={x: X_batch, y: Y_batch})
        print(line.format(epochs, *sess.run((loss, acc), train),
                          *sess.run((loss, acc), valid)))
        Y_pred = sess.run(y_pred, feed_dict=valid)
        print(Y_pred[0])
        Y_pred = np.argmax(Y_pred, 1)
        plt.imshow(X_valid[0])
        plt.title(str(Y_valid[0]) + ' : ' + str(Y_pred[0]))
        plt.show()
