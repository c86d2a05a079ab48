#!/usr/bin/env python3
"""What the tests share: paths, the four functions, their definitions, data."""
import glob
import os
import re
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest

TESTS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(TESTS)
MAINS = os.path.join(ROOT, 'mains')
LOAD = 'surroundings.load_mnist()'
sys.path[:0] = [ROOT] + [os.path.join(ROOT, room)
                         for room in ('data', 'mains', 'lesson', 'check')]
# it comes last, as its distributed.py would hide Dask's package of that name
sys.path.append(os.path.join(ROOT, 'examples'))
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
# the drivers' first line asks `env` for python3: let it find this one
os.environ['PATH'] = os.pathsep.join([os.path.dirname(sys.executable),
                                      os.environ.get('PATH', '')])
# where SIGINT is ignored (`nohup make test &`), programs that the tests start
# would ignore Ctrl-C too
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
import loops  # noqa: E402

NAMES = ['conv_forward', 'pool_forward', 'conv_backward', 'pool_backward']


def function(name):
    """Return the function of that name from its file, 0 to 3."""
    return getattr(__import__(f'{NAMES.index(name)}-{name}'), name)


def results(name, of=function, **arguments):
    """Return what the function of that name gives, as a list of arrays."""
    if name == 'conv_forward':
        arguments.setdefault('activation', lambda Z: Z)
    found = of(name)(**arguments)
    return list(found) if isinstance(found, tuple) else [found]


def defined(name, **arguments):
    """Return what the plain loops give in float64, as a list of arrays."""
    for key, value in arguments.items():
        if isinstance(value, np.ndarray) and value.ndim == 4:
            arguments[key] = value.astype('f8')
        elif key in ('stride', 'kernel_shape'):
            arguments[key] = tuple(map(int, value))
    return results(name, lambda name: getattr(loops, name), **arguments)


def close(ours, theirs, rtol=1e-12):
    """Assert equality up to rounding at the scale of the whole array."""
    assert ours.shape == theirs.shape
    scale = np.abs(theirs).max() if theirs.size else 1
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=rtol * scale)


def start(*command, **how):
    """Start a Python program, whose output and complaints can be read."""
    return psutil.Popen([sys.executable, *map(str, command)], **{
        'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE,
        'universal_newlines': True, **how})


def run(command, cwd, **variables):
    """Run a program to its end; return its output, complaints, PNG files.

    The program has no display. It must succeed, and each file that it names
    among its complaints must be a PNG file.
    """
    env = {name: value for name, value in os.environ.items()
           if name not in ('DISPLAY', 'WAYLAND_DISPLAY', 'MPLBACKEND')}
    result = subprocess.run(
        command, cwd=str(cwd), env=dict(env, **variables),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        universal_newlines=True)
    assert result.returncode == 0, result.stderr
    named = re.findall(r'^(/.*\.png)$', result.stderr, re.MULTILINE)
    for path in named:
        with open(path, 'rb') as file:
            assert file.read(8) == b'\x89PNG\r\n\x1a\n'
    return result.stdout, result.stderr, named


def driver(n):
    """Return the path of driver n."""
    return os.path.join(MAINS, f'{n}-main.py')


def source(*path):
    """Return the text of a file; a path may begin at the root."""
    with open(os.path.join(ROOT, *path), newline='', encoding='utf-8') as file:
        return file.read()


def course(name):
    """Return one of the course's texts."""
    return source(TESTS, 'course', name)


# what the course's listings print, according to the course; driver 3's
# transcript was made with other numbers than its listing, so the output of the
# listing is taken from an older page
PRINTED = {n: course(f'{name}-transcript.txt')
           for n, name in enumerate(['0', '1', '2', '3-listing'])}


# it says what it is, makes an environment of itself, fails to install where a
# file is named `broken`, and otherwise prints its arguments
PRETENDED = """#!/bin/sh
case "$*" in
*executable*) echo "$0" ;;
*version_info*) echo {} ;;
*pip*) [ "$PIP_USER" = 0 ] && if [ -e broken ]; then
    echo ERROR: no network >&2; echo ERROR: no numpy >&2; exit 1; fi ;;
*venv*) for folder; do :; done; mkdir -p $folder/bin && cd $folder/bin &&
    touch activate && ln -sf "$0" python && ln -sf "$0" python3 ;;
-*) printf "<%s>" "$@" ;;
*) [ -e "$1" ] && printf "<%s>" "$@" ;;
esac
"""


def pretended(folder, version):
    """Put a Python that only pretends into a folder; return how to find it.

    Without a version there is none.
    """
    (folder / 'a bin').mkdir(exist_ok=True)
    for name in ['python', 'python3'] + [
            f'python3.{minor}' for minor in range(8, 14)]:
        if version:
            (folder / 'a bin' / name).write_text(PRETENDED.format(version))
            (folder / 'a bin' / name).chmod(0o755)
    # without the variables of a make that runs these tests
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(('MAKE', 'MFLAGS', 'ANSWER', 'PYTHON'))}
    return dict(kept, PIP_USER='1', PATH=os.pathsep.join([
        str(folder / 'a bin'), kept['PATH']]))


def with_fewer_digits(program, folder, most):
    """Write a program into a folder, for some digits; return its new path.

    All 50,000 take minutes; tests/tools/trained.py judges what they give.
    """
    path, listing = folder / os.path.basename(program), source(program)
    assert listing.count(LOAD) == 1
    path.write_text(listing.replace(
        LOAD, f'{{name: A[:{most}] for name, A in {LOAD}.items()}}'))
    return str(path)


def python_files():
    """Return the paths of all Python files, except environments."""
    return sorted(os.path.relpath(path, ROOT) for path in glob.glob(
        os.path.join(ROOT, '**', '*.py'), recursive=True))


def pages():
    """Return the paths of all pages."""
    return sorted(os.path.relpath(path, ROOT) for path in glob.glob(
        os.path.join(ROOT, '*.md')) + glob.glob(
            os.path.join(ROOT, '[a-z]*', '*.md')))


def links():
    """Return each page and each file that it links to or shows."""
    return sorted((path, ''.join(target)) for path in pages()
                  for target in re.findall(
                      r'\]\(([^)#:]+)\)|src="([^":]+)"', source(path)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Keep coverage out of the programs that tests start.

    It would slow them down, and complain where it cannot write. pytest-cov
    asks for it at the start, and again after each test marked `no_cover`.
    """
    for name in list(os.environ):
        if name.startswith('COV_CORE_'):
            del os.environ[name]


@pytest.fixture(scope='session')
def mnist():
    """Return the arrays of data/MNIST.npz."""
    with np.load(os.path.join(ROOT, 'data', 'MNIST.npz')) as lib:
        return {name: lib[name] for name in lib.files}


@pytest.fixture
def rng():
    """Return a generator that gives a test the same numbers every time."""
    return np.random.RandomState(0)
