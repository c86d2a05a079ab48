#!/usr/bin/env python3
"""The process that an answer runs in.

The idea: an answer may loop forever, crash, print endlessly or exit the
interpreter. So it gets a process of its own, which runs this module. The
process receives requests, and replies with plain numbers, arrays and text. If
it dies, only one reply is lost.
"""
import os
import signal
import sys
import time
import traceback
import tracemalloc
import types

import numpy as np

CHECK = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(CHECK)
# an answer must not import these instead of its own files
OURS = {CHECK, ROOT, os.path.join(ROOT, 'lesson')}


def serve(connection, folder, file, memory):
    """Import one file of a folder and reply to requests until killed."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    if hasattr(os, 'setsid'):       # processes it starts can be killed with it
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if file[0] in '45':
        import networks             # slow, so not counted as the answer's time
    limit_memory(memory)
    sys.path[:] = [folder] + [path for path in sys.path
                              if os.path.abspath(path) not in OURS]
    os.chdir(folder)
    connection.send('ready')
    module = None
    while True:
        kind, text = connection.recv()
        try:
            if kind == 'import':
                module, reply = __import__(file[:-len('.py')]), {}
            elif kind == 'probe':
                reply = getattr(networks, text)(module.lenet5)
            else:
                reply = {'call': call, 'memory': memory_of,
                         'time': duration}[kind](module, text)
            reply = 'returned', plain(reply)
        except BaseException as error:  # includes sys.exit() in the answer
            reply = 'raised', description(error, folder)
        connection.send(reply)


def limit_memory(size):
    """Limit this process to `size` bytes, where the system supports it."""
    try:
        import resource
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    except (ImportError, ValueError, OSError):
        pass


def call(module, text):
    """Evaluate a call; return its value, and which arguments it changed.

    The last line is the call. The lines before it prepare its arguments.
    """
    *before, text = text.split('\n')
    name = text.split('(')[0]
    function, modified = getattr(module, name), []

    def watched(*args, **kwargs):
        """Call the function, and compare its arguments before and after."""
        names = list(kwargs) + list(range(len(args)))
        values = list(kwargs.values()) + list(args)
        copies = [np.copy(v) if isinstance(v, np.ndarray) else None
                  for v in values]
        result = function(*args, **kwargs)
        modified.extend(name for name, value, copy in zip(
            names, values, copies) if copy is not None and
            value.tobytes() != copy.tobytes())
        return result

    names = {'np': np, name: watched}
    exec('\n'.join(before), names)
    return {'value': eval(text, names), 'modified': modified}


def memory_of(module, text):
    """Do what `call` does, and return the bytes beyond what was there.

    They are the most that the call held, without its result.
    """
    name, beyond = text.split('\n')[-1].split('(')[0], []
    function = getattr(module, name)

    def traced(*args, **kwargs):
        """Call the function, and measure."""
        tracemalloc.start()
        try:
            result = function(*args, **kwargs)
            beyond.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        parts = result if isinstance(result, (tuple, list)) else (result,)
        beyond[0] -= sum(getattr(part, 'nbytes', 0) for part in parts)
        return result

    reply = call(types.SimpleNamespace(**{name: traced}), text)
    reply['beyond'] = beyond[0]
    return reply


def duration(module, text):
    """Return how many seconds a call takes: the best within 0.2 s."""
    name = text.split('(')[0]
    names = {'np': np, name: getattr(module, name)}
    code = compile(text, 'call', 'eval')
    times = []
    while sum(times) < .2:
        start = time.perf_counter()
        eval(code, names)
        times.append(time.perf_counter() - start)
    return min(times)


def plain(value):
    """Return a value as plain arrays and numbers; anything else as text."""
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if type(value) in (tuple, list):
        return type(value)(map(plain, value))
    if isinstance(value, np.ndarray) and value.dtype.kind in 'buifc':
        return np.array(value)
    if isinstance(value, (str, bool, int, float, np.number, type(None))):
        return value
    return '{}: {:.200}'.format(type(value).__name__, repr(value))


def description(error, folder):
    """Return what went wrong, and on which line of the answer."""
    try:
        text = '{}: {}'.format(type(error).__name__, error)[:500].strip()
    except Exception:
        text = type(error).__name__
    lines = [(frame.filename, frame.lineno)
             for frame in traceback.extract_tb(error.__traceback__)]
    lines += [(str(getattr(error, 'filename', '')),
               getattr(error, 'lineno', ''))]
    inside = [(os.path.basename(path), line) for path, line in lines
              if os.path.dirname(path) == folder]
    return text + (' ({}, line {})'.format(*inside[-1]) if inside else '')
