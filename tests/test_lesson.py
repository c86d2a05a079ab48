#!/usr/bin/env python3
"""The lesson's page shows true results, and its steps compute the same."""
import glob
import os
import re
import subprocess
import sys

import numpy as np

import ladder
from conftest import ROOT, source

PAGE = os.path.join(ROOT, 'lesson', 'README.md')


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


def test_each_step_gives_the_same(rng):
    """Each gives what nested loops give, up to rounding, even with ties."""
    for A_prev, W, b, padding, stride in layers(rng):
        pixels, kernel = A_prev.round(), W.shape[:2]
        A = ladder.loops.pool_forward(pixels, kernel, stride)
        for rungs, given in (
                (ladder.CONVOLUTION, (A_prev, W, b, padding, stride)),
                (ladder.POOLING, (rng.randn(*A.shape), pixels, kernel,
                                  stride))):
            expected = rungs[0][1](*given)
            for name, step in rungs[1:]:
                np.testing.assert_allclose(step(*given), expected, 1e-12,
                                           1e-12, err_msg=name)


def test_the_page_shows_the_short_way():
    """Its listings are lines of ladder.py, without the docstrings."""
    code = re.sub(r'    """.*?"""\n', '', source('lesson', 'ladder.py'),
                  flags=re.S)
    short = source(PAGE).split('## The short way')[1].split('\n## ')[0]
    listings = re.findall('```python\n(.*?)```', short, re.S)
    assert listings and all(listing in code for listing in listings)


def test_the_program_prints_every_step(monkeypatch, capsys):
    """Each has a line; few images are enough to see that."""
    seconds = ladder.seconds_per_image
    monkeypatch.setattr(
        ladder, 'seconds_per_image', lambda step, rungs, images: seconds(
            step, rungs, images[:20]))
    ladder.main()
    steps = re.findall(r'^(.*?)  +[\d.,]+ +[\d,]+$', capsys.readouterr().out,
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
