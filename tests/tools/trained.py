#!/usr/bin/env python3
"""Say whether drivers 4 and 5 learned the digits, from what `make run` prints.

    make run | tests/tools/trained.py

It prints again what it reads. The tests train on fewer digits; this program
judges what all of them give.
"""
import re
import sys

# a driver's epochs, and what the line after each of them says
DRIVERS = {
    '4-main.py': (list(range(11)), r'After (\d+) epochs:.* ([\d.]+) '
                                   r'validation accuracy$'),
    '5-main.py': (list(range(1, 6)), r'Epoch (\d+)/5$|'
                                     r'.* val_accuracy: ([\d.]+)')}


def accuracies(lines, pattern):
    """Return the epochs and the validation accuracies in some lines."""
    found = [match.groups() for match in
             (re.match(pattern, line) for line in lines) if match]
    return ([int(epoch) for epoch, _ in found if epoch],
            [float(accuracy) for _, accuracy in found if accuracy])


def complaint(driver, lines):
    """Return what is wrong with the lines that a driver printed, or None."""
    epochs, pattern = DRIVERS[driver]
    printed, reached = accuracies(lines, pattern)
    if printed != epochs or len(reached) != len(epochs):
        return (f'{driver}: epochs {printed} and {len(reached)} accuracies, '
                f'expected epochs {epochs}')
    # the accuracy varies by half a percent between epochs
    if reached[1] <= .97 or reached[-1] <= .98 or max(reached) < .985:
        return (f'{driver}: validation accuracies {reached}, expected more '
                'than 0.97 in the second place, more than 0.98 in the last, '
                'and 0.985 or more in one')
    return None


def main():
    """Print again what is read; end with 1 if a driver did not learn."""
    lines = {driver: [] for driver in DRIVERS}
    driver = None
    for line in sys.stdin:
        print(line, end='', flush=True)
        begin = re.match(r'== mains/(\S+)$', line)
        driver = begin.group(1) if begin else driver
        if driver in lines:
            lines[driver].append(line.rstrip('\n'))
    wrong = [complaint(driver, lines[driver]) for driver in DRIVERS]
    sys.exit('\n'.join(filter(None, wrong)) or 0)


if __name__ == '__main__':
    main()
