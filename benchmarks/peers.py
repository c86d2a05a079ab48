#!/usr/bin/env python3
"""The same four computations as loops, in TensorFlow and in PyTorch.

For one layer, `conv_calls` and `pool_calls` return a function without
arguments for each library and direction. Arrays are converted beforehand, so
that a call does the computation and nothing else. A peer is given what ours is
given: if ours must first find the maxima, so must the peer. PyTorch's arrays
have its default layout, channels before rows.
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

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT] + [os.path.join(ROOT, room)
                         for room in ('lesson', 'examples', 'mains')]
import loops  # noqa: E402
conv_forward = __import__('0-conv_forward').conv_forward
pool_forward = __import__('1-pool_forward').pool_forward
conv_backward = __import__('2-conv_backward').conv_backward
pool_backward = __import__('3-pool_backward').pool_backward


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


def identity(Z):
    """Return Z, so that no activation is timed."""
    return Z


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


def conv_calls(shape, W_shape, padding, dtype):
    """Return {direction: {library: call}} for a convolution with stride 1.

    'loops' computes only the first example.
    """
    rng = np.random.RandomState(0)
    A_prev, W = rng.randn(*shape).astype(dtype), rng.randn(*W_shape).astype(
        dtype)
    b = rng.randn(1, 1, 1, W_shape[3]).astype(dtype)
    Z = conv_forward(A_prev, W, b, identity, padding)
    dZ = rng.randn(*Z.shape).astype(dtype)
    tf_A, tf_W, tf_b, tf_dZ = map(tf.constant, (A_prev, W, b, dZ))
    ones, same = [1, 1, 1, 1], padding.upper()

    def tf_backward():
        """Compute the three gradients."""
        return (tf.raw_ops.Conv2DBackpropInput(
                    input_sizes=shape, filter=tf_W, out_backprop=tf_dZ,
                    strides=ones, padding=same),
                tf.raw_ops.Conv2DBackpropFilter(
                    input=tf_A, filter_sizes=W_shape, out_backprop=tf_dZ,
                    strides=ones, padding=same),
                tf.reduce_sum(tf_dZ, (0, 1, 2)))

    calls = {
        'forward': {
            'ours': lambda: conv_forward(A_prev, W, b, identity, padding),
            'tensorflow': lambda: tf.nn.bias_add(
                tf.nn.conv2d(tf_A, tf_W, 1, same), tf_b[0, 0, 0]),
            'loops': lambda: loops.conv_forward(A_prev[:1], W, b, identity,
                                                padding)},
        'backward': {
            'ours': lambda: conv_backward(dZ, A_prev, W, b, padding),
            'tensorflow': tf_backward,
            'loops': lambda: loops.conv_backward(dZ[:1], A_prev[:1], W, b,
                                                 padding)}}
    if torch:
        zeros = [n // 2 if padding == 'same' else 0 for n in W_shape[:2]]
        A_t, dZ_t = channels_first(A_prev), channels_first(dZ)
        W_t = torch.from_numpy(np.ascontiguousarray(W.transpose(3, 2, 0, 1)))
        b_t = torch.from_numpy(b.ravel())
        calls['forward']['pytorch'] = lambda: torch.nn.functional.conv2d(
            A_t, W_t, b_t, padding=zeros)
        calls['backward']['pytorch'] = (
            lambda: torch.ops.aten.convolution_backward(
                dZ_t, A_t, W_t, [W_shape[3]], [1, 1], zeros, [1, 1], False,
                [0, 0], 1, [True, True, True]))
    return calls


def pool_calls(shape, kernel_shape, stride, mode, dtype):
    """Return the calls for a pooling layer, as `conv_calls` does."""
    rng = np.random.RandomState(0)
    A_prev = rng.randn(*shape).astype(dtype)
    A = pool_forward(A_prev, kernel_shape, stride, mode)
    dA = rng.randn(*A.shape).astype(dtype)
    tf_A, tf_dA = tf.constant(A_prev), tf.constant(dA)
    window = {'ksize': [1, *kernel_shape, 1], 'strides': [1, *stride, 1],
              'padding': 'VALID'}

    def tf_forward():
        """Compute the maxima or averages."""
        if mode == 'max':
            return tf.raw_ops.MaxPool(input=tf_A, **window)
        return tf.raw_ops.AvgPool(value=tf_A, **window)

    def tf_backward():
        """Find the maxima, which MaxPoolGrad needs, and the gradient."""
        if mode == 'max':
            return tf.raw_ops.MaxPoolGrad(
                orig_input=tf_A, orig_output=tf_forward(), grad=tf_dA,
                **window)
        return tf.raw_ops.AvgPoolGrad(orig_input_shape=shape, grad=tf_dA,
                                      **window)

    calls = {
        'forward': {
            'ours': lambda: pool_forward(A_prev, kernel_shape, stride, mode),
            'tensorflow': tf_forward,
            'loops': lambda: loops.pool_forward(
                A_prev[:1], kernel_shape, stride, mode)},
        'backward': {
            'ours': lambda: pool_backward(dA, A_prev, kernel_shape, stride,
                                          mode),
            'tensorflow': tf_backward,
            'loops': lambda: loops.pool_backward(
                dA[:1], A_prev[:1], kernel_shape, stride, mode)}}
    if torch:
        A_t, dA_t = channels_first(A_prev), channels_first(dA)

        def torch_backward():
            """Find the maxima and the gradient."""
            if mode == 'max':
                _, where = torch.ops.aten.max_pool2d_with_indices(
                    A_t, kernel_shape, stride)
                return torch.ops.aten.max_pool2d_with_indices_backward(
                    dA_t, A_t, kernel_shape, stride, [0, 0], [1, 1], False,
                    where)
            return torch.ops.aten.avg_pool2d_backward(
                dA_t, A_t, kernel_shape, stride, [0, 0], False, True, None)

        pool = {'max': torch.nn.functional.max_pool2d,
                'avg': torch.nn.functional.avg_pool2d}[mode]
        calls['forward']['pytorch'] = lambda: pool(A_t, kernel_shape, stride)
        calls['backward']['pytorch'] = torch_backward
    return calls
