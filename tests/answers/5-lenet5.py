#!/usr/bin/env python3
"""LeNet-5 as a Keras model: an answer as students write it."""
import tensorflow.keras as K


def lenet5(X):
    """Return the compiled model."""
    init = K.initializers.he_normal()
    A = K.layers.Conv2D(6, 5, padding='same', activation='relu',
                        kernel_initializer=init)(X)
    A = K.layers.MaxPooling2D(2, 2)(A)
    A = K.layers.Conv2D(16, 5, padding='valid', activation='relu',
                        kernel_initializer=init)(A)
    A = K.layers.MaxPooling2D(2, 2)(A)
    A = K.layers.Flatten()(A)
    A = K.layers.Dense(120, activation='relu', kernel_initializer=init)(A)
    A = K.layers.Dense(84, activation='relu', kernel_initializer=init)(A)
    Y = K.layers.Dense(10, activation='softmax', kernel_initializer=init)(A)
    model = K.Model(inputs=X, outputs=Y)
    model.compile(optimizer='adam', loss='categorical_crossentropy',
                  metrics=['accuracy'])
    return model
