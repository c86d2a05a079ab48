#!/usr/bin/env python3
"""A modified LeNet-5, as a Keras model.

The idea: in Keras a layer is a function from tensor to tensor that makes its
own variables, and a model is the input and the output of a chain of them.
"""
import tensorflow.keras as K


def lenet5(X):
    """Build a modified version of LeNet-5.

    | layer                               | output shape    | parameters     |
    |-------------------------------------|-----------------|----------------|
    | convolution, 6 5x5, 'same', ReLU    | (m, 28, 28, 6)  | 156            |
    | max pooling, 2x2, strides 2x2       | (m, 14, 14, 6)  |                |
    | convolution, 16 5x5, 'valid', ReLU  | (m, 10, 10, 16) | 2,416          |
    | max pooling, 2x2, strides 2x2       | (m, 5, 5, 16)   |                |
    | fully connected, ReLU               | (m, 120)        | 48,120         |
    | fully connected, ReLU               | (m, 84)         | 10,164         |
    | fully connected, softmax            | (m, 10)         | 850            |

    Parameters
    ----------
    X : K.Input, float, shape (m, 28, 28, 1)
        The input images. The layers cast them to their own dtype, float32
        unless `K.backend.set_floatx` chose another.

    Returns
    -------
    K.Model
        61,706 parameters, compiled with Adam (default hyperparameters), the
        categorical cross-entropy (one-hot labels) and the metric `accuracy`.

    Raises
    ------
    TypeError
        If X is no K.Input, or has another dtype.
    ValueError
        If X has another shape.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner: "Gradient-Based Learning Applied to
    Document Recognition", Proceedings of the IEEE 86 (11), 1998. He, Zhang,
    Ren, Sun: "Delving Deep into Rectifiers", ICCV 2015 (the initial weights).
    """
    # a Keras tensor remembers the layer that made it
    origin = getattr(X, '_keras_history', (None,))[0]
    if not isinstance(origin, K.layers.InputLayer):
        found = 'the output of a layer' if origin else type(X).__name__
        raise TypeError(f'X is {found}, expected a K.Input of floats')
    dtype = getattr(X.dtype, 'name', X.dtype)   # in Keras 3 a plain str
    if 'float' not in dtype:
        raise TypeError(f'X is {dtype}, expected a K.Input of floats')
    if not X.shape[1:] == (28, 28, 1):  # with !=, an unknown shape raises
        raise ValueError(f'X has the shape {X.shape}, expected (m, 28, 28, 1)')

    # by its name, he_normal is a new initializer, so new numbers, each time
    relu = {'activation': 'relu', 'kernel_initializer': 'he_normal'}
    # a user's keras.json may have set another order of the axes
    axes = {'data_format': 'channels_last'}
    A = K.layers.Conv2D(6, (5, 5), padding='same', **axes, **relu)(X)
    A = K.layers.MaxPooling2D((2, 2), strides=(2, 2), **axes)(A)
    A = K.layers.Conv2D(16, (5, 5), padding='valid', **axes, **relu)(A)
    A = K.layers.MaxPooling2D((2, 2), strides=(2, 2), **axes)(A)
    A = K.layers.Flatten(**axes)(A)
    A = K.layers.Dense(120, **relu)(A)
    A = K.layers.Dense(84, **relu)(A)
    Y = K.layers.Dense(10, activation='softmax',
                       kernel_initializer='he_normal')(A)

    model = K.Model(inputs=X, outputs=Y)
    model.compile(optimizer=K.optimizers.Adam(),
                  loss='categorical_crossentropy', metrics=['accuracy'])
    return model
