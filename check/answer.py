#!/usr/bin/env python3
"""One file of an answer, and the process that runs it.

The idea: whatever an answer does, the reply to each request arrives in time,
or the process is killed and the next request starts a new one. Only plain data
are read from it.
"""
import contextlib
import glob
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from worker import unpacked

WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'worker.py')
PATIENCE = 3    # after this many requests without a reply in time,
AFTER = 1       # the others get only this many seconds each
CLOCK = 10      # a busy machine may take this many times as long as allowed
LARGEST = 2 ** 27       # bytes of a reply
SIZE = 2 ** 20          # other files of more bytes are not copied


class Failure(Exception):
    """What an answer did instead of returning a value."""

    def __init__(self, text, kind='ended'):
        """Store a sentence, and the kind of exception."""
        super().__init__(text)
        self.text, self.kind = text, kind


class NotJudged(Exception):
    """Why a file cannot be judged, though it may be right."""


def shown(text):
    """Return a text of an answer without what a terminal or file obeys."""
    return ''.join(c if c.isprintable() or c == '\n' else ascii(c)[1:-1]
                   for c in text)


def surroundings(folder):
    """Return the environment of the process.

    What changes how Python, TensorFlow or Keras work is not passed on.
    """
    kept = {name: value for name, value in os.environ.items()
            if name == 'PYTHONPATH' or
            not name.startswith(('PYTHON', 'TF_', 'KERAS', 'XLA_'))}
    threads = {name: '1' for name in (
        'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'TF_NUM_INTRAOP_THREADS',
        'TF_NUM_INTEROP_THREADS')}
    return dict(kept, TMPDIR=folder, KERAS_HOME=folder,
                KERAS_BACKEND='tensorflow', TF_CPP_MIN_LOG_LEVEL='3',
                PYTHONDONTWRITEBYTECODE='1', PYTHONIOENCODING='utf-8',
                **threads)


class Answer:
    """One file of a folder."""

    def __init__(self, folder, file, room, limit, memory, end):
        """Remember what to run; nothing is started yet.

        `room` is a folder for copies; at the time `end` everything is over.
        """
        self.folder, self.file, self.room = folder, file, room
        self.limit, self.memory, self.end = limit, memory, end
        self.process, self.slow = None, 0

    def ask(self, kind, text=''):
        """Return the reply to a request, or raise Failure or NotJudged."""
        if self.process is None:
            self.start()
            self.request('import')
        return self.request(kind, text) if kind != 'import' else None

    def start(self):
        """Start a process in a copy of the folder's Python files."""
        self.copy = tempfile.mkdtemp(dir=self.room)
        folder = os.path.join(self.copy, 'answer')
        os.mkdir(folder)
        for path in glob.glob(os.path.join(glob.escape(self.folder), '*.py')):
            mine = os.path.basename(path) == self.file
            try:
                if mine or os.path.isfile(path) and (
                        os.path.getsize(path) < SIZE):
                    shutil.copy(path, folder)
            except OSError as error:
                if mine:
                    raise NotJudged('the file cannot be read: '
                                    f'{error.strerror}') from error
        self.process = subprocess.Popen(
            [sys.executable, WORKER, self.file,
             str(int(self.memory * 2 ** 30))], cwd=folder,
            env=surroundings(self.copy), start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        try:
            self.request('start', limit=0)
        except Failure as failure:
            self.stop()
            raise NotJudged('what it needs does not start here: '
                            f'{failure}') from failure

    def request(self, kind, text='', limit=None):
        """Send a request; return the reply, or raise Failure."""
        if limit is None:
            limit = self.limit if self.slow < PATIENCE else min(
                AFTER, self.limit)
        line = json.dumps([kind, text, limit]) + '\n'
        end = time.monotonic() + CLOCK * limit if limit else self.end
        try:
            self.process.stdin.write(line.encode())
            self.process.stdin.flush()
            reply = self.receive(min(end, self.end))
        except TimeoutError:
            self.stop()
            if self.end <= end:
                raise NotJudged('the time is over') from None
            self.late(CLOCK * limit)
        except (EOFError, OSError):
            code = self.stop(1)
            if code == -signal.SIGPROF:
                self.late(limit)
            raise Failure('the process ended: ' + (
                signal.Signals(-code).name if code and code < 0 else
                f'exit code {code}')) from None
        try:
            reply = json.loads(reply.decode(), object_hook=unpacked)
            if 'value' in reply:
                return reply['value']
            failure = Failure(*(shown(str(reply[name]))
                                for name in ('text', 'raised')))
        except (ValueError, TypeError, LookupError, RecursionError,
                OverflowError):
            self.stop()
            failure = Failure('it sent what is no result')
        raise failure

    def late(self, seconds):
        """Count a request that took too long, and raise Failure."""
        self.slow += 1
        raise Failure(f'no result after {seconds:g} s', 'late')

    def receive(self, end):
        """Return a line that the process sends, or raise TimeoutError."""
        pipe, line = self.process.stdout.fileno(), b''
        while not line.endswith(b'\n'):
            left = end - time.monotonic()
            # select takes no infinite time
            if left <= 0 or not select.select([pipe], [], [],
                                              min(left, 1e6))[0]:
                raise TimeoutError
            part = os.read(pipe, 2 ** 20)
            if not part or len(line) > LARGEST:
                raise EOFError
            line += part
        return line

    def stop(self, wait=0):
        """Kill the process and what it started; return how it had ended."""
        if self.process is None:
            return None
        code = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self.process.wait(wait)
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait(60)
        self.process.stdout.close()
        with contextlib.suppress(OSError):      # it may not have read all
            self.process.stdin.close()
        self.process = None
        shutil.rmtree(self.copy, ignore_errors=True)
        return code
