#!/usr/bin/env python3
"""The numbers of 6-alexnet.md are those of the paper or of our code."""
import os
import re

import pytest

from conftest import MAINS, run, source

# the paper's numbers, each with the words around it
PAPER = """
15.3% against 26.2%; wrong for 15.3% of the winner; 26.2% of the runner-up
over 15 million, in roughly 22,000 categories; 1,000 categories, with about
1.2 million training images, 50,000 validation images and 150,000 test images
1,000 outputs of the last; 60 million parameters and 650,000 neurons; says 224
draws 55; reaches 25% training error six times faster; 580 has 3 GB of memory
layers 2, 4 and 5 see only; by 1.7 and 1.2 percentage points; k = 2, n = 5,
alpha = 0.0001, beta = 0.75; by 1.4 and 1.2 points; from 13% to 11% test
by 0.4 and 0.3 points; Even 1.2 million; 60 million parameters; shorter side \
has 256 pixels; 224 x 224 patches of the 256 x 256 images; 2,048 times
by over 1 point; probability 0.5; deviation of 0.01; at 1 in convolutional \
layers 2, 4 and 5 and in the hidden; 128 images, a momentum of 0.9; decay of \
0.0005; began at 0.01 and was divided by 10 three times; roughly 90 cycles
five to six days on two GTX 580; of that competition | 47.1 | 28.2 |
published since | 45.7 | 25.7 |; without averaging ten patches | 39.0 | 18.3 |
**the network** | **37.5** | **17.0** |; one network | 40.7 | 18.2
the runner-up | | 26.2 |; five networks, averaged | | 16.4 |; **seven \
networks, averaged** | | **15.3** |; 10,184 categories; reached 67.4% and 40.9%
rates were 78.1% and 60.9%; by about 2 points; more than 1% of the parameters
4,096 outputs of the last hidden layer; pages 1097 to 1105; central 256 x 256
11 x 11 kernel that moves by 4; ReLUs of layers 1 and 2; Windows of 3 x 3 \
move by 2; 2 x 2 windows that move by 2; biases start at 0; autumn 2011 release
autumn 2009 release; ILSVRC-2010, test; ILSVRC-2012, validation
"""


def article():
    """Return the text of the article."""
    return source('6-alexnet.md')


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
        '{:.2f}'.format(number(parameters) / 1e6),
        '{:.0f}'.format(number(multiplications) / 1e6)] if parameters else
        ['', '']) for name, size, parameters, multiplications in layers]
    assert len(rows) == 13
    assert '|---|---|---|---|\n{}\n\n'.format('\n'.join(
        '| {} |'.format(' | '.join(row)) for row in rows)) in article()


def test_the_shares_follow_from_the_table(layers):
    """What the text says of the sums is what the sums say."""
    numbers = {row[0]: [number(cell) for cell in row[2:]]
               for row in layers if row[2]}
    convolutions = [sum(pair) for pair in zip(*(
        value for name, value in numbers.items() if 'convolution' in name))]
    parameters, multiplications = numbers['total']
    dense = numbers['fully connected 6'][0]
    text = ' '.join(article().split())
    assert ('hold {:.0%} of the parameters and do {:.0%} of the '
            'multiplications'.format(
                convolutions[0] / parameters,
                convolutions[1] / multiplications) in text)
    assert 'holds {:.0%} of the parameters'.format(dense / parameters) in text
    shares = [numbers['convolution {}'.format(n)][0] / parameters
              for n in (3, 4)]
    assert 'holds {:.2%}, convolution 4 {:.2%}'.format(*shares) in text
    assert convolutions[0] / parameters < 1 / 20
    assert 'only {:.2f} million parameters for layer 2'.format(
        numbers['convolution 2'][0] / 1e6) in text


def test_the_numbers_of_the_paper():
    """All of them stand there, and no other decimals, shares or thousands."""
    before, _, after = article().partition('| layer |')
    text = ' '.join((before + after.partition('\n\n')[2]).split())
    for words in re.split('[;\n] *', PAPER.strip()):
        assert words in text
        text = text.replace(words, '', 1)
    # those of our table, and of our own training with two seeds
    assert set(re.findall(r'\d+\.\d+|\d+,\d+|\d+(?=%| million)', text)) == {
        '0.31', '4', '92', '62', '54.25', '1.45', '1.09',
        '1.4', '1.2', '1.5', '1.3'}


def test_its_length_and_its_parts():
    """1,200 to 2,400 words, a picture first, the parts that the task names."""
    assert 1200 <= len(article().split()) <= 2400
    assert article().split('\n')[2].startswith('![')
    parts = re.findall(r'^## (.*)$', article(), re.MULTILINE)
    assert parts == ['Introduction', 'Procedures', 'Results', 'Conclusion',
                     'Personal notes', 'Reference']
