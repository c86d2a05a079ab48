#!/usr/bin/env python3
"""One file of an answer, and the process that runs it.

The idea: the reply to each request must arrive within a time limit. If it does
not, the process is killed, and the next request starts a new one.
"""
import multiprocessing
import os
import signal

import worker

CONTEXT = multiprocessing.get_context(
    'forkserver' if hasattr(os, 'fork') else 'spawn')
if hasattr(os, 'fork'):     # these are imported once, not in each process
    CONTEXT.set_forkserver_preload(['numpy', 'pycodestyle', 'pytest'])
START = 180     # seconds that the import of NumPy or TensorFlow may take
PATIENCE = 3    # after this many requests without a reply in time,
AFTER = 1       # the others get only this many seconds each


class Failure(Exception):
    """What an answer did instead of returning a value."""


class NotTried(Exception):
    """A request that was not sent, because the file cannot be imported."""


class Answer:
    """One file of a folder."""

    def __init__(self, folder, file, limit, memory):
        """Remember what to run; nothing is started yet."""
        self.folder, self.file = folder, file
        self.limit, self.memory = limit, memory
        self.process = self.connection = self.broken = None
        self.slow, self.mistakes = 0, []

    def ask(self, kind, text='', meanwhile=None):
        """Return the reply to a request, or raise Failure or NotTried.

        While the answer computes, so does `meanwhile`, if it is a function.
        """
        if self.broken:
            raise NotTried('the file cannot be imported')
        if self.process is None:
            self.start()
            try:
                self.request('import', '')
            except Failure as failure:
                self.broken = failure
                raise
        if kind != 'import':
            return self.request(kind, text, meanwhile)

    def start(self):
        """Start a process and wait until it is ready for requests."""
        self.connection, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=worker.serve, daemon=True, args=(
            theirs, self.folder, self.file, self.memory))
        self.process.start()
        theirs.close()
        if not self.connection.poll(START):
            self.stop()
            raise RuntimeError('no process could be started')
        self.connection.recv()

    def request(self, kind, text, meanwhile=None):
        """Send a request; return the reply, or raise Failure if it is late."""
        limit = self.limit if self.slow < PATIENCE else min(AFTER, self.limit)
        try:
            self.connection.send((kind, text))
            if meanwhile:
                meanwhile()
            if not self.connection.poll(limit):
                self.slow += 1
                self.stop()
                raise Failure('no result after {:g} s'.format(limit))
            outcome, reply = self.connection.recv()
        except (EOFError, OSError):
            raise Failure('the process ended: ' + self.stop(5)) from None
        if outcome == 'raised':
            raise Failure(reply)
        return reply

    def stop(self, wait=0):
        """Kill the process and all it started; return how it had ended."""
        if self.process is None:
            return ''
        self.process.join(wait)
        code = self.process.exitcode
        if hasattr(os, 'killpg'):
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except OSError:
                pass
        self.process.kill()
        self.process.join()
        self.connection.close()
        self.process = self.connection = None
        if code is not None and code < 0:
            return signal.Signals(-code).name
        return 'exit code {}'.format(code)
