#!/usr/bin/env python3
"""Say whether drivers 4 and 5 learned the digits, from what `make run` prints.

    make run | tee /dev/stderr | tests/tools/trained.py

The tests train on fewer digits; this program judges what all of them give.
"""
import re
import sys

# how many validation accuracies a driver prints, and where
DRIVERS = {
    '4-main.py': (11, r'^After \d+ epochs: .* ([\d.]+) validation accuracy$'),
    '5-main.py': (5, r'^.* val_accuracy: ([\d.]+)')}


def accuracies(driver, printed):
    """Return the validation accuracies that a driver printed."""
    return [float(found) for found in re.findall(DRIVERS[driver][1], printed,
                                                 re.MULTILINE)]


def complaints(printed):
    """Return a line for each driver that did not learn, or did not end."""
    lines = []
    for driver, (epochs, _) in DRIVERS.items():
        part = printed.partition(f'== mains/{driver}\n')[2]
        reached = accuracies(driver, part.split('\n== ')[0])
        # the accuracy varies by half a percent between epochs
        if len(reached) != epochs or reached[1] <= .97 or (
                reached[-1] <= .98 or max(reached) < .985):
            lines.append(
                f'{driver}: validation accuracies {reached}, expected {epochs}'
                ', more than 0.97 in the second place, more than 0.98 in the '
                'last, and 0.985 or more in one')
    return lines


if __name__ == '__main__':
    sys.exit('\n'.join(complaints(sys.stdin.read())) or 0)
