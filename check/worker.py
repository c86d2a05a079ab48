#!/usr/bin/env python3
"""The process that an answer runs in: worker.py FILE MEMORY.

The idea: an answer may loop forever, crash, print endlessly or exit the
interpreter. So it gets a process of its own, started in a copy of its folder.
Requests and replies are lines of JSON, with plain numbers, text and arrays.
Nothing here knows a right result.
"""
import base64
import importlib.util
import json
import os
import signal
import sys
import traceback

import numpy as np


def packed(value):
    """Return what JSON cannot hold as what it can: arrays, and text."""
    if isinstance(value, (np.ndarray, np.number)) and (
            value.dtype.kind in 'buifc'):
        return {'dtype': value.dtype.str, 'shape': value.shape,
                'bytes': base64.b64encode(value.tobytes()).decode()}
    return f'{type(value).__name__}: {repr(value):.200}'


def unpacked(part):
    """Return the array that a part of a reply stands for, if it is one."""
    if 'bytes' not in part:
        return part
    return np.frombuffer(base64.b64decode(part['bytes']), np.dtype(
        part['dtype'])).reshape(part['shape'])


def limit_memory(size):
    """Allow `size` bytes besides those in use, where the system can."""
    try:
        import resource
        with open('/proc/self/statm') as statm:
            size += int(statm.read().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    except (ImportError, ValueError, OSError):
        pass


def limit_time(seconds):
    """End this process once it has computed for so long; 0 is no limit.

    Time that it waits does not count: a busy machine is not its fault.
    """
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)


def imported(folder, file):
    """Import a file by its path."""
    spec = importlib.util.spec_from_file_location(
        file[:-len('.py')], os.path.join(folder, file))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def called(module, text):
    """Evaluate a call; return its value, and which arguments it changed.

    The last line is the call. The lines before it prepare its arguments.
    """
    *before, text = text.split('\n')
    name = text.split('(')[0]
    function, modified = getattr(module, name), []

    def watched(*args, **kwargs):
        """Call the function, and compare its arguments before and after."""
        given = list(enumerate(args)) + list(kwargs.items())
        arrays = [(place, value, value.tobytes()) for place, value in given
                  if isinstance(value, np.ndarray)]
        result = function(*args, **kwargs)
        modified.extend(place for place, value, before in arrays
                        if value.tobytes() != before)
        return result

    names = {'np': np, name: watched}
    exec('\n'.join(before), names)
    return {'value': eval(text, names), 'modified': modified}


def description(error, folder):
    """Return what was raised, and on which line of the answer."""
    try:
        text = f'{type(error).__name__}: {error}'[:300].strip()
    except Exception:
        text = type(error).__name__
    lines = [(frame.filename, frame.lineno)
             for frame in traceback.extract_tb(error.__traceback__)]
    inside = [f' ({os.path.basename(path)}, line {line})'
              for path, line in lines if os.path.dirname(path) == folder]
    return {'raised': type(error).__name__,
            'text': text + ''.join(inside[-1:])}


def serve(file, memory):
    """Reply to requests until there are no more."""
    requests, replies = os.fdopen(os.dup(0)), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    folder, process = os.getcwd(), os.getpid()
    module = networks = None

    def answered(kind, text):
        """Do what a request asks for."""
        nonlocal module, networks
        if kind == 'start':
            if file[0] in '45':     # slow, so not part of the answer's time
                import networks
            # what the checker knows is not for the answer to import
            sys.path[0] = folder
            for known in 'networks', 'lenet':
                sys.modules.pop(known, None)
            limit_memory(memory)
        elif kind == 'import':
            module = imported(folder, file)
            getattr(module, 'lenet5' if file[0] in '45' else
                    file[2:-len('.py')])
            if file[0] == '4':
                networks.as_tensorflow_1(module)
        elif kind == 'probe':
            network = {'4': networks.Graph, '5': networks.Model}[file[0]]
            return getattr(network(module.lenet5), text)()
        else:
            return called(module, text)

    for line in requests:
        kind, text, limit = json.loads(line)
        limit_time(limit)
        try:
            reply = json.dumps({'value': answered(kind, text)}, default=packed)
        except BaseException as error:      # sys.exit() in the answer, too
            reply = json.dumps(description(error, folder))
        limit_time(0)
        if os.getpid() != process:          # the answer has forked
            os._exit(0)
        reply = (reply + '\n').encode()
        while reply:
            reply = reply[os.write(replies, reply):]


if __name__ == '__main__':
    serve(sys.argv[1], int(sys.argv[2]))
