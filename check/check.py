#!/usr/bin/env python3
"""Say whether an answer to the course is right, and if not, why.

    check/check.py FOLDER [FOLDER ...]

The idea: every answer is asked the same questions, one file after the other,
in a process of its own. Beware: its code is executed. Run the answers of
strangers in a container.
"""
import argparse
import difflib
import glob
import json
import os
import shutil
import signal
import sys
import tempfile
import textwrap
import time
import warnings
from xml.etree import ElementTree

signal.signal(signal.SIGINT, signal.SIG_DFL)    # while modules are imported
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lenet  # noqa: E402
import questions  # noqa: E402
import rules  # noqa: E402
from answer import Answer, shown  # noqa: E402

LINE = '{:<19}{:>7}{:>7}   {}'
LINES = 60          # of a report, unless all is asked for
PARAGRAPHS = 3      # for each file


def say(text=''):
    """Print a text. Printing may fail: reports and exit code still count."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, 'w')


def wrapped(text, indent=''):
    """Return a text as lines of at most 79 characters; words stay whole."""
    return textwrap.wrap(text, 79, initial_indent=indent,
                         subsequent_indent=indent, break_long_words=False,
                         break_on_hyphens=False)


def counted(number, thing):
    """Return a number and what it counts, as '2 rules'."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def row(verdict):
    """Return the line of a file in the table."""
    word, broken = verdict.word, len(verdict.rules)
    if word == 'missing':
        return LINE.format(verdict.file, '', '', word)
    if broken:
        word += (f"; {counted(broken, 'rule')} of the course "
                 f"{'is' if broken == 1 else 'are'} not followed")
    return LINE.format(
        verdict.file, '' if verdict.word == 'not judged' else verdict.score(),
        f'{len(rules.RULES) - broken}/{len(rules.RULES)}', word)


def row_of(name, verdicts):
    """Return the row of an answer in the table of several."""
    asked = len(rules.RULES) * sum(verdict.word != 'missing'
                                   for verdict in verdicts)
    broken = sum(len(verdict.rules) for verdict in verdicts)
    return [shown(name)] + [
        verdict.word + (' ' + verdict.score()) * (verdict.word == 'wrong')
        for verdict in verdicts] + [f'{asked - broken}/{asked}']


def paragraph(file, group):
    """Return the lines on faults that have one cause."""
    titles = list(dict.fromkeys(fault.title for fault in group.faults))
    first = group.faults[0]
    more = '' if len(titles) == 1 else ' and ' + counted(
        len(titles) - 1, 'more question' if file[0] in '45' else 'more call')
    lines = wrapped(file if first.kind == 'untried' else
                    f'{file}, "{titles[0]}"{more}:')
    for text in [group.advice] + first.text.split('\n'):
        lines += wrapped(text, '    ')
    if first.call:
        *before, call = first.call.split('\n')
        lines += ['    To try it, start python3 in your folder and paste:',
                  '    ' + '; '.join(['import numpy as np'] + before + [
                      f"print(__import__('{file[:-3]}').{call})"])]
    return lines


def paragraphs(wrong, room, everything):
    """Return the lines on wrong results, as many as there is room for.

    The largest group of each file comes before the second of any.
    """
    lines = {verdict: [] for verdict in wrong}
    left = {verdict: len(groups) for verdict, groups in wrong.items()}
    for n in range(max(left.values(), default=0)):
        for verdict, groups in wrong.items():
            new = [''] + paragraph(verdict.file, groups[n]) if (
                n < len(groups)) else []
            if new and (everything or n < PARAGRAPHS and len(new) <= room):
                lines[verdict] += new
                left[verdict] -= 1
                room -= len(new)
    for verdict in wrong:
        if left[verdict]:
            more = counted(left[verdict], 'more kind')
            lines[verdict] += ['', f'{verdict.file}: {more} of mistakes; '
                               '--all shows them.']
    return sum(lines.values(), [])


def rules_broken(verdicts, everything):
    """Return lines on the rules that are not followed."""
    scripts = [verdict.file for verdict in verdicts
               if 'executable' in verdict.rules]
    lines = ['    chmod +x ' + ' '.join(scripts)] * bool(scripts)
    for verdict in verdicts:
        for name, said in verdict.rules.items():
            if name != 'executable':
                lines += wrapped(f'{verdict.file}: {said}', '    ')
    if len(lines) > 10 and not everything:
        lines[9:] = ['    and more; --all shows them.']
    return ['', 'Rules of the course that are not followed:'] * bool(
        lines) + lines


def noted(verdicts, everything):
    """Return lines on calls where accepted answers differ."""
    found = {}
    for verdict in verdicts:
        for note, title in verdict.notes * (verdict.word == 'right'):
            found.setdefault(note, []).append(verdict.file + ', ' + title)
    if not found:
        return []
    if not everything:
        calls = counted(sum(map(len, found.values())), 'call')
        return ['', f'{calls} on which accepted answers differ; --notes shows '
                'more.']
    return sum((wrapped(note, '    ') + wrapped('; '.join(titles), '        ')
                for note, titles in found.items()),
               ['', 'Accepted answers differ here, so nothing is wrong:'])


def report(verdicts, everything, notes):
    """Return the lines of a report, after the table."""
    words = [verdict.word for verdict in verdicts]
    whys = sum((wrapped(f'{verdict.file}: {verdict.why}')
                for verdict in verdicts if verdict.why), [])
    # what is wrong throughout comes first
    wrong = {verdict: questions.groups(verdict) for verdict in sorted(
        verdicts, key=lambda verdict: -len(verdict.wrong()) / len(
            verdict.titles)) if verdict.word == 'wrong'}
    ends = rules_broken(verdicts, everything) + noted(verdicts, notes) + ['']
    if wrong:
        verdict = next(iter(wrong))
        group = wrong[verdict][0]
        ends += ['Expected results come from nested loops, lesson/loops.py.']
        ends += wrapped('Begin with {}: {}'.format(
            verdict.file, group.advice or group.faults[0].text.split('\n')[0]))
    elif 'missing' in words:
        file = verdicts[words.index('missing')].file
        ends += [f'Begin with {file}, which is missing.']
    elif any(verdict.rules for verdict in verdicts):
        ends += ['Every result is right. Only the rules above are left.'
                 if set(words) == {'right'} else 'Begin with the rules above.']
    else:
        ends += ['All right.' if set(words) == {'right'} else
                 'Nothing is wrong, but not all was judged.']
    lines = [''] * bool(whys) + whys
    # the table has a heading, and each file may say what is left out
    room = LINES - 1 - len(lines + ends) - 3 * len(verdicts)
    return lines + paragraphs(wrong, room, everything) + ends


def test(name, said, points=0.):
    """Return a test as Gradescope reads it; what is said is what is wrong."""
    return {'name': shown(name), 'status': 'failed' if said else 'passed',
            'score': 0. if said else points, 'max_score': points,
            'output': shown(said)}


def tests_of(name, verdict):
    """Return the tests of a file: each result is a point, the rules none."""
    name, wrong = f'{name}{verdict.file}: ', verdict.wrong()
    tests = [test(name + 'not judged', verdict.why)] if (
        verdict.word == 'not judged') else [
            test(name + title, wrong.get(title, ''), 1.)
            for title in verdict.titles]
    return tests + [test(name + 'rules', '\n'.join(verdict.rules.values()))]


def reports(tests):
    """Return the texts of the reports, each under the name of its option."""
    failed = [test for test in tests if test['status'] == 'failed']
    suite = ElementTree.Element('testsuite', name='check', tests=str(
        len(tests)), failures=str(len(failed)))
    for one in tests:
        case = ElementTree.SubElement(suite, 'testcase', classname='check',
                                      name=one['name'])
        if one in failed:
            ElementTree.SubElement(case, 'failure', message=one['output']
                                   .split('\n')[0]).text = one['output']
    return {'json': json.dumps({'tests': tests}, indent=1) + '\n',
            'junitxml': ElementTree.tostring(suite, 'unicode') + '\n'}


def selected(text):
    """Return the files that a text such as '0-3,5' stands for."""
    chosen = set()
    for part in text.split(','):
        first, _, last = part.partition('-')
        chosen |= set(range(int(first), int(last or first) + 1))
    files = [file for file in rules.TASKS if int(file[0]) in chosen]
    if len(files) != len(chosen) or not files:
        raise argparse.ArgumentTypeError('there are tasks 0 to 5')
    return files


def positive(text):
    """Return a text as a number, if it is positive."""
    if not 0 < float(text) < 1e6:
        raise argparse.ArgumentTypeError(f'{text} is not positive')
    return float(text)


def opened(path):
    """Return the file of a report, or say why it cannot be written."""
    try:
        return open(path, 'w', encoding='utf-8', errors='backslashreplace')
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f'{path} cannot be written: {error.strerror}') from error


def arguments():
    """Return the command-line arguments."""
    parser = argparse.ArgumentParser(
        description='Say whether an answer is right, and why not.',
        epilog='It runs the answers: those of strangers belong in a container.'
        ' Exit code: 0 if all is right, 1 if a result is wrong, missing or not'
        ' judged, 2 if only a rule is not followed, 3 if it had to stop.')
    parser.add_argument('folders', metavar='FOLDER', nargs='+')
    parser.add_argument('--only', type=selected, metavar='TASKS', default=list(
        rules.TASKS), help='such as 0-3 or 2,4 (all)')
    parser.add_argument('--all', action='store_true',
                        help='every kind of wrong result')
    parser.add_argument('--notes', action='store_true',
                        help='the calls on which accepted answers differ')
    for name, number, text in (
            ('limit', 20, 'seconds of computing for each call'),
            ('total', 300, 'seconds for an answer'),
            ('memory', 2, 'GiB for the process of an answer')):
        parser.add_argument('--' + name, type=positive, default=number,
                            help=f'{text} ({number})')
    for name, text in (('json', 'a report for Gradescope'),
                       ('junitxml', 'a report for CI systems')):
        parser.add_argument('--' + name, metavar='FILE', help=text,
                            type=opened)
    try:
        return parser.parse_args()
    except SystemExit as error:     # 2 is for rules that are not followed
        sys.exit(error.code and 3)


def holding(folder, files):
    """Return the folder that holds the files: this, or the only one below."""
    for pattern in '.', '*', '*/*':
        found = [path for path in glob.glob(os.path.join(
            glob.escape(folder), pattern)) if any(
                os.path.lexists(os.path.join(path, file)) for file in files)]
        if found:
            return os.path.normpath(found[0]) if len(found) == 1 else folder
    return folder


def missing(folder, file):
    """Return what there is in place of a missing file, or ''."""
    try:
        like = difflib.get_close_matches(
            file, set(os.listdir(folder)) - set(rules.TASKS), 1, .8)
    except OSError as error:
        return f'the folder cannot be read: {error.strerror}.'
    return f'the folder holds {like[0]} instead.' if like else ''


def judged(folder, args, to):
    """Yield the verdicts on an answer; print the table, if it is alone."""
    end = time.monotonic() + args.total
    where, alone = holding(folder, args.only), len(args.folders) == 1
    if alone:
        say(LINE.format('', 'results', 'rules', '').rstrip())
    for n, file in enumerate(args.only):
        # what a file does not use of its time is for those after it
        now = time.monotonic()
        answer = Answer(
            where, file, to, args.limit * (3 if file[0] in '45' else 1),
            args.memory, now + (end - now) / (len(args.only) - n))
        verdict = questions.judged(answer)
        if verdict.word == 'missing':
            verdict.why = missing(where, file)
        if alone:
            say(row(verdict))
        yield verdict


def main():
    """Judge the answers, write the reports and print them."""
    args, trouble, to = arguments(), '', ''
    for ending in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        if signal.getsignal(ending) != signal.SIG_IGN:      # as with nohup
            signal.signal(ending, signal.default_int_handler)
    if sys.stdout:
        sys.stdout.reconfigure(errors='backslashreplace')
    warnings.simplefilter('ignore')     # NumPy's, on numbers of an answer
    names = [os.path.normpath(folder) for folder in args.folders]
    several, width = len(names) > 1, max(map(len, names + ['answer'])) + 2
    rows = [['answer'] + [file[:-3] for file in args.only] + ['rules']]
    tests, lines, words = [], [], set()
    try:
        lenet.digits()      # fails if they are lost
        to = tempfile.mkdtemp(prefix='check-')
        for name in names:
            verdicts = []
            for verdict in judged(name, args, to):
                verdicts.append(verdict)
                words.add(verdict.word)
                tests += tests_of((name + ', ') * several, verdict)
            rows.append(row_of(name, verdicts))
            while rows and several:
                say(rows[0][0].ljust(width) + ''.join(
                    cell.ljust(17) for cell in rows.pop(0)[1:]).rstrip())
            lines += ['', '== ' + shown(name)] * several + report(
                verdicts, args.all, args.notes)
    except KeyboardInterrupt:
        trouble = 'stopped'
    except OSError as error:
        trouble = str(error)
    finally:
        shutil.rmtree(to, ignore_errors=True)
    tests += [test('check', trouble)] * bool(trouble)
    for option, text in reports(tests).items():
        file = getattr(args, option)
        try:
            if file:
                with file:
                    file.write(text)
        except OSError as error:
            trouble = f'a report cannot be written: {error}'
    for line in lines:
        say(line)
    if trouble:
        sys.stderr.write(f'check.py: {shown(trouble)}\n')
        return 3
    return 1 if words != {'right'} else 2 if any(
        test['status'] == 'failed' for test in tests) else 0


if __name__ == '__main__':
    sys.exit(main())
