#!/usr/bin/env python3
"""The table of 6-alexnet.md is what our code prints."""
import os
import re

import pytest

from conftest import MAINS, run, source

ARTICLE = source('6-alexnet.md')


@pytest.fixture(scope='module')
def layers():
    """Return the cells of the rows that our program prints, totals last."""
    output, _, _ = run([os.path.join(MAINS, '6-alexnet.py')], '/')
    return [[cell.strip() for cell in line.split('|')[1:-1]]
            for line in output.split('\n')[2:-1]]


def number(cell):
    """Return the number in a cell."""
    return int(cell.replace(',', ''))


def test_the_table_is_what_the_code_prints(layers):
    """Row by row; parameters and multiplications are in millions."""
    rows = [[name, size] + ([
        f'{number(parameters) / 1e6:.2f}',
        f'{number(multiplications) / 1e6:.0f}'] if parameters else
        ['', '']) for name, size, parameters, multiplications in layers]
    assert len(rows) == 13
    assert '|---|---|---|---|\n{}\n\n'.format('\n'.join(
        '| {} |'.format(' | '.join(row)) for row in rows)) in ARTICLE


def test_the_shares_follow_from_the_table(layers):
    """What the text says of the sums is what the sums say."""
    numbers = {row[0]: [number(cell) for cell in row[2:]]
               for row in layers if row[2]}
    convolutions = [sum(pair) for pair in zip(*(
        value for name, value in numbers.items() if 'convolution' in name))]
    parameters, multiplications = numbers['total']
    dense = numbers['fully connected 6'][0]
    text = ' '.join(ARTICLE.split())
    assert (f'hold {convolutions[0] / parameters:.0%} of the parameters and do'
            f' {convolutions[1] / multiplications:.0%} of the multiplications'
            in text)
    assert f'holds {dense / parameters:.0%} of the parameters' in text
    shares = [numbers[f'convolution {n}'][0] / parameters for n in (3, 4)]
    assert 'holds {:.2%}, convolution 4 {:.2%}'.format(*shares) in text
    assert convolutions[0] / parameters < 1 / 20
    millions = numbers['convolution 2'][0] / 1e6
    assert f'only {millions:.2f} million parameters for layer 2' in text


def test_its_length_and_its_parts():
    """1,200 to 2,400 words, a picture first, the parts that the task names."""
    assert 1200 <= len(ARTICLE.split()) <= 2400
    assert ARTICLE.split('\n')[2].startswith('![')
    parts = re.findall(r'^## (.*)$', ARTICLE, re.MULTILINE)
    assert parts == ['Introduction', 'Procedures', 'Results', 'Conclusion',
                     'Personal notes', 'Reference']
