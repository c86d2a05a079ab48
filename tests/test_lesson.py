#!/usr/bin/env python3
"""The lesson's page shows true results, and its steps compute the same."""
import doctest
import glob
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import ladder
from conftest import ROOT, source

PAGE = os.path.join(ROOT, 'lesson', 'README.md')


def test_the_page_shows_what_python_prints(monkeypatch):
    """Every result on the page is computed again, and must be the same."""
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.chdir(ROOT)
    found = doctest.testfile(PAGE, module_relative=False, encoding='utf-8')
    assert found.attempted > 80 and not found.failed
    assert not doctest.testmod(ladder).failed


def layers(rng):
    """Yield A_prev, W, b, padding and stride of several layers."""
    for shape, kernel, c_new, stride in (
            ((5, 28, 28, 1), (3, 3), 2, (1, 1)), ((2, 9, 8, 3), (3, 2), 4,
                                                  (2, 1)),
            ((3, 7, 7, 2), (2, 3), 1, (2, 3)), ((1, 6, 5, 1), (1, 1), 3,
                                                (1, 2))):
        for padding in 'valid', 'same':
            yield (rng.randn(*shape), rng.randn(*kernel, shape[3], c_new),
                   rng.randn(1, 1, 1, c_new), padding, stride)


@pytest.mark.parametrize('name, step', ladder.CONVOLUTION[1:])
def test_each_convolution_gives_the_same(rng, name, step):
    """Each step gives the same as nested loops, up to rounding."""
    for given in layers(rng):
        np.testing.assert_allclose(
            step(*given), ladder.CONVOLUTION[0][1](*given), rtol=1e-12,
            atol=1e-12)


@pytest.mark.parametrize('name, step', ladder.POOLING[1:])
def test_each_pooling_gives_the_same(rng, name, step):
    """Each step gives the same as nested loops, even with ties."""
    for A_prev, W, _, _, stride in layers(rng):
        A_prev, kernel = A_prev.round(), W.shape[:2]
        new = ladder.loops.output_shape(A_prev.shape[1:3], kernel, stride)
        dA = rng.randn(len(A_prev), *new, A_prev.shape[3])
        given = dA, A_prev, kernel, stride
        np.testing.assert_allclose(step(*given),
                                   ladder.POOLING[0][1](*given),
                                   rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize('mode', ['max', 'avg'])
def test_the_short_way_is_the_definition(rng, mode):
    """One loop over the kernel's places gives what nested loops give."""
    for A_prev, W, b, padding, stride in layers(rng):
        dZ = rng.randn(*ladder.conv_loops(A_prev, W, b, padding, stride).shape)
        pooled = A_prev.round(), W.shape[:2], stride, mode
        dA = rng.randn(*ladder.loops.pool_forward(*pooled).shape)
        for ours, theirs in zip(
                (ladder.pool_places(*pooled),
                 ladder.pool_backward_places(dA, *pooled),
                 *ladder.conv_backward_places(dZ, A_prev, W, padding, stride)),
                (ladder.loops.pool_forward(*pooled),
                 ladder.loops.pool_backward(dA, *pooled),
                 *ladder.loops.conv_backward(dZ, A_prev, W, b, padding,
                                             stride))):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_the_page_shows_the_short_way():
    """Its listings are lines of ladder.py, without the docstrings."""
    code = re.sub(r'    """.*?"""\n', '', source('lesson', 'ladder.py'),
                  flags=re.S)
    short = source(PAGE).split('## The short way')[1].split('\n## ')[0]
    listings = re.findall('```python\n(.*?)```', short, re.S)
    assert listings and all(listing in code for listing in listings)


def test_the_program_prints_every_step(monkeypatch, capsys):
    """The tables have a line for each; few images are enough to see that."""
    measured = ladder.measured
    monkeypatch.setattr(ladder, 'measured',
                        lambda images: measured(images[:20]))
    ladder.main()
    steps = re.findall(r'^\| (.*?) \|.*\d \|$', capsys.readouterr().out,
                       re.MULTILINE)
    assert steps == [name for name, _ in ladder.CONVOLUTION + ladder.POOLING]


def test_each_diagram_has_colours_for_dark_pages():
    """A browser takes them where pages are dark."""
    diagrams = glob.glob(os.path.join(ROOT, 'lesson', '*.svg'))
    assert len(diagrams) > 5
    for path in diagrams:
        with open(path) as file:
            assert '@media (prefers-color-scheme: dark)' in file.read(), path


def test_a_picture_that_is_not_there():
    """draw.py says in one line which there are, and draws nothing."""
    drawn = subprocess.run(
        [sys.executable, os.path.join(ROOT, 'lesson', 'draw.py'), 'edgs'],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert drawn.returncode == 1 and drawn.stdout == b''
    assert re.fullmatch(rb'edgs is none of edges, .*\n', drawn.stderr)
