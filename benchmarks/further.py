#!/usr/bin/env python3
"""The same computations in MyGrad, JAX and ONNX Runtime, where installed.

Each function returns the calls of one layer, like those in peers.py, of one
library: {} where it is not installed, or does not have the layer. MyGrad is
written in plain NumPy, too. ONNX Runtime computes forward only.
"""
import os

import numpy as np

try:
    from mygrad.nnet.layers import conv, pooling
except ImportError:
    conv = None
try:
    import jax
    jax.config.update('jax_enable_x64', True)
except ImportError:
    jax = None
try:
    import onnx
    import onnxruntime
except ImportError:
    onnxruntime = None


def first(array):
    """Return a copy of an array with channels before rows."""
    return np.ascontiguousarray(array.transpose(0, 3, 1, 2))


def last(array):
    """Return an array with channels behind columns."""
    return np.asarray(array).transpose(0, 2, 3, 1)


def mygrad_conv(A_prev, W, b, dZ, zeros):
    """Return MyGrad's two calls for a convolution with stride 1."""
    if conv is None:
        return {}
    from mygrad import Tensor
    x, w = Tensor(first(A_prev)), Tensor(np.ascontiguousarray(
        W.transpose(3, 2, 0, 1)))
    bias, dout = b.reshape(1, -1, 1, 1), first(dZ)

    def forward():
        """Convolve, and add the bias."""
        operation = conv.ConvND()
        return operation, operation(x, w, stride=1, padding=zeros) + bias

    operation, _ = forward()
    return {'forward': lambda: forward()[1],
            'backward': lambda: (operation.backward_var(dout, 0),
                                 operation.backward_var(dout, 1),
                                 dout.sum(axis=(0, 2, 3)))}


def mygrad_pool(A_prev, kernel_shape, stride, dA):
    """Return MyGrad's two calls for a maximum."""
    if conv is None:
        return {}
    from mygrad import Tensor
    x, dout = Tensor(first(A_prev)), first(dA)

    def forward():
        """Find the maxima."""
        operation = pooling.MaxPoolND()
        return operation, operation(x, kernel_shape, stride)

    def backward():
        """Find the maxima, which MyGrad needs, and the gradient."""
        return forward()[0].backward_var(dout, 0)

    return {'forward': lambda: forward()[1], 'backward': backward}


def jax_conv(A_prev, W, b, dZ, padding):
    """Return JAX' two calls for a convolution with stride 1."""
    if jax is None:
        return {}

    def forward(A_prev, W, b):
        """Convolve, and add the bias."""
        return jax.lax.conv_general_dilated(
            A_prev, W, (1, 1), padding.upper(),
            dimension_numbers=('NHWC', 'HWIO', 'NHWC')) + b

    return jax_calls(forward, (A_prev, W, b), dZ)


def jax_pool(A_prev, kernel_shape, stride, mode, dA):
    """Return JAX' two calls for a maximum or an average."""
    if jax is None:
        return {}
    window = (1, *kernel_shape, 1), (1, *stride, 1), 'VALID'

    def forward(A_prev):
        """Combine each window."""
        if mode == 'max':
            return jax.lax.reduce_window(A_prev, -np.inf, jax.lax.max, *window)
        return jax.lax.reduce_window(A_prev, 0., jax.lax.add, *window) / (
            kernel_shape[0] * kernel_shape[1])

    return jax_calls(forward, (A_prev,), dA)


def jax_calls(function, arguments, gradient):
    """Return a function and its gradient, compiled."""
    arguments = tuple(map(jax.numpy.asarray, arguments))
    gradient = jax.numpy.asarray(gradient)
    forward = jax.jit(function)
    backward = jax.jit(lambda gradient, *arguments: jax.vjp(
        function, *arguments)[1](gradient))
    return {'forward': lambda: forward(*arguments).block_until_ready(),
            'backward': lambda: jax.block_until_ready(
                backward(gradient, *arguments))}


def onnx_call(kind, inputs, **attributes):
    """Return ONNX Runtime's call for one node, forward and in float32."""
    if onnxruntime is None or inputs[0].dtype != np.float32:
        return {}
    names = ['input{}'.format(n) for n in range(len(inputs))]
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(kind, names, ['output'], **attributes)],
        'layer', [info(name, onnx.TensorProto.FLOAT, array.shape)
                  for name, array in zip(names, inputs)],
        [info('output', onnx.TensorProto.FLOAT, [None] * 4)])
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid('', 13)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get('OMP_NUM_THREADS', 0))
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, ['CPUExecutionProvider'])
    feed = dict(zip(names, inputs))
    return {'forward': lambda: session.run(None, feed)[0]}


def conv_calls(A_prev, W, b, dZ, padding):
    """Return {library: {direction: call}} for a convolution."""
    zeros = W.shape[0] // 2 if padding == 'same' else 0
    return {
        'mygrad': mygrad_conv(A_prev, W, b, dZ, zeros),
        'jax': jax_conv(A_prev, W, b, dZ, padding),
        'onnxruntime': onnx_call(
            'Conv', [first(A_prev), np.ascontiguousarray(
                W.transpose(3, 2, 0, 1)), b.ravel()], pads=[zeros] * 4)}


def pool_calls(A_prev, kernel_shape, stride, mode, dA):
    """Return {library: {direction: call}} for a pooling layer."""
    kind = {'max': 'MaxPool', 'avg': 'AveragePool'}[mode]
    return {
        'mygrad': mygrad_pool(A_prev, kernel_shape, stride, dA)
        if mode == 'max' else {},
        'jax': jax_pool(A_prev, kernel_shape, stride, mode, dA),
        'onnxruntime': onnx_call(kind, [first(A_prev)], kernel_shape=list(
            kernel_shape), strides=list(stride))}
