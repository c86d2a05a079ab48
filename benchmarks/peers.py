#!/usr/bin/env python3
"""The same four computations as loops, in TensorFlow and in PyTorch.

For one layer, `calls` returns a function without arguments for each library
and direction. Arrays are converted beforehand, so that a call does the
computation and nothing else. A peer is given what ours is given: if ours must
first find the maxima, so must the peer. PyTorch's arrays have its default
layout, channels before rows.
"""
import os
import platform
import sys

import numpy as np
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
import tensorflow as tf  # noqa: E402
try:
    import torch
except ImportError:
    torch = None

import against  # noqa: E402
sys.path[:0] = [against.ROOT] + [os.path.join(against.ROOT, room)
                                 for room in ('lesson', 'examples', 'mains')]
import loops  # noqa: E402

OURS = against.load()


def versions():
    """Return the version of everything that is compared."""
    found = {'python': platform.python_version(), 'numpy': np.__version__,
             'tensorflow': tf.__version__,
             'pytorch': getattr(torch, '__version__', None)}
    return {name: version for name, version in found.items() if version}


def one_thread():
    """Let the libraries compute in one thread."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if torch:
        torch.set_num_threads(1)


def channels_first(array):
    """Return an array of examples in PyTorch's layout."""
    return torch.from_numpy(np.ascontiguousarray(array.transpose(0, 3, 1, 2)))


def check_agreement(calls):
    """Raise unless all libraries agree with ours, up to rounding."""
    results = {}
    for name, call in calls.items():
        result = call()
        result = result if isinstance(result, (tuple, list)) else [result]
        results[name] = [np.asarray(array) for array in result]
    ours = results.pop('ours')
    for name, theirs in results.items():
        if name == 'pytorch':
            # channels come before rows, and new channels before previous
            orders = [(0, 2, 3, 1), (2, 3, 1, 0), (0,)]
            theirs = [array.transpose(order)
                      for array, order in zip(theirs, orders)]
        for our, their in zip(ours, theirs):
            np.testing.assert_allclose(
                their.reshape(our.shape), our, rtol=0, err_msg=name,
                atol=np.abs(our).max() * 1e4 * np.finfo(our.dtype).eps)


def tensorflow_conv(dZ, A, W, b, padding):
    """Return TensorFlow's call forward and its call backward, at stride 1."""
    images, kernels = A.shape, W.shape
    dZ, A, W, b = map(tf.constant, (dZ, A, W, b))
    how = {'strides': [1, 1, 1, 1], 'padding': padding.upper()}

    def backward():
        """Compute the three gradients."""
        return (tf.raw_ops.Conv2DBackpropInput(
                    input_sizes=images, filter=W, out_backprop=dZ, **how),
                tf.raw_ops.Conv2DBackpropFilter(
                    input=A, filter_sizes=kernels, out_backprop=dZ, **how),
                tf.reduce_sum(dZ, (0, 1, 2)))

    return lambda: tf.nn.bias_add(tf.nn.conv2d(A, W, **how), b[0, 0, 0]), (
        backward)


def tensorflow_pool(dA, A, kernel_shape, stride, mode):
    """Return the same for pooling."""
    images, dA, A = A.shape, tf.constant(dA), tf.constant(A)
    how = {'ksize': [1, *kernel_shape, 1], 'strides': [1, *stride, 1],
           'padding': 'VALID'}
    if mode == 'max':   # backward must find the maxima, too
        return lambda: tf.raw_ops.MaxPool(input=A, **how), (
            lambda: tf.raw_ops.MaxPoolGrad(
                orig_input=A, orig_output=tf.raw_ops.MaxPool(input=A, **how),
                grad=dA, **how))
    return lambda: tf.raw_ops.AvgPool(value=A, **how), (
        lambda: tf.raw_ops.AvgPoolGrad(orig_input_shape=images, grad=dA,
                                       **how))


def torch_conv(dZ, A, W, b, padding):
    """Return PyTorch's call forward and its call backward, at stride 1."""
    zeros = [n // 2 if padding == 'same' else 0 for n in W.shape[:2]]
    dZ, A, b = channels_first(dZ), channels_first(A), torch.from_numpy(
        b.ravel())
    W = torch.from_numpy(np.ascontiguousarray(W.transpose(3, 2, 0, 1)))
    return lambda: torch.nn.functional.conv2d(A, W, b, padding=zeros), (
        lambda: torch.ops.aten.convolution_backward(
            dZ, A, W, [len(b)], [1, 1], zeros, [1, 1], False, [0, 0], 1,
            [True, True, True]))


def torch_pool(dA, A, kernel_shape, stride, mode):
    """Return the same for pooling."""
    dA, A, aten = channels_first(dA), channels_first(A), torch.ops.aten
    how = A, kernel_shape, stride
    if mode == 'max':   # backward must find the maxima, too
        return lambda: torch.nn.functional.max_pool2d(*how), (
            lambda: aten.max_pool2d_with_indices_backward(
                dA, *how, [0, 0], [1, 1], False,
                aten.max_pool2d_with_indices(*how)[1]))
    return lambda: torch.nn.functional.avg_pool2d(*how), (
        lambda: aten.avg_pool2d_backward(dA, *how, [0, 0], False, True, None))


def calls(shape, how, dtype):
    """Return {direction: {library: call}}; loops get only one example."""
    given, rest = against.arguments(shape, how, dtype)
    *ours, dA = against.calls(given, rest, OURS)
    first = [given[0][:1]] + given[1:]
    found = {'ours': ours, 'loops': against.calls(first, rest, [
        getattr(loops, name[2:]) for name in against.FUNCTIONS])}
    conv = against.kind(how) == 'conv'
    found['tensorflow'] = (tensorflow_conv if conv else tensorflow_pool)(
        dA, *given, **rest)
    if torch:
        found['pytorch'] = (torch_conv if conv else torch_pool)(
            dA, *given, **rest)
    return {direction: {name: pair[i] for name, pair in found.items()}
            for i, direction in enumerate(('forward', 'backward'))}
