#!/usr/bin/env python3
"""The numbers of 6-alexnet.md are those that the code gives."""
import os
import re

from conftest import ROOT
from test_drivers import MAINS, run


def article():
    """Return the text of the article."""
    with open(os.path.join(ROOT, '6-alexnet.md'), encoding='utf-8') as file:
        return file.read()


def test_the_table_is_what_the_code_prints():
    """Line by line, from the head to the sums."""
    output, _, _ = run([os.path.join(MAINS, '6-alexnet.py')], '/')
    assert output.count('\n') == 15
    assert '\n\n' + output + '\n' in article()


def test_the_shares_follow_from_the_table():
    """What the text says of the sums is what the sums say."""
    cells = [[cell.strip() for cell in line.split('|')[1:-1]]
             for line in article().split('\n')
             if re.match(r'\| (convolution|fully|together)', line)]
    numbers = {row[0]: [int(n.replace(',', '')) for n in row[2:]]
               for row in cells}
    convolutions = [sum(pair) for pair in zip(*(
        value for name, value in numbers.items() if 'convolution' in name))]
    parameters, multiplications = numbers['together']
    dense = numbers['fully connected 6'][0]
    text = ' '.join(article().split())
    assert ('hold {:.0%} of the parameters and do {:.0%} of the '
            'multiplications'.format(
                convolutions[0] / parameters,
                convolutions[1] / multiplications).replace('%', ' %') in text)
    assert 'holds {:.0%}'.format(dense / parameters).replace('%', ' %') in text
    shares = [numbers['convolution {}'.format(n)][0] / parameters
              for n in (3, 4)]
    assert 'holds {:.2%}, convolution 4 {:.2%}'.format(*shares).replace(
        '%', ' %') in text
    assert convolutions[0] / parameters < 1 / 20


def test_its_length_and_its_parts():
    """1,200 to 2,000 words, a picture first, the parts that the task names."""
    assert 1200 <= len(article().split()) <= 2000
    assert article().split('\n')[2].startswith('![')
    parts = re.findall(r'^## (.*)$', article(), re.MULTILINE)
    assert parts == ['Introduction', 'Procedures', 'Results', 'Conclusion',
                     'Personal notes', 'Reference']
