#!/usr/bin/env python3
"""Time a training step in one thread and in all, on a busy machine.

    benchmarks/load.py

OpenBLAS divides a product among threads, which wait for one another. If
another program runs on the processor of one thread, all of them wait. A step
is that of examples/lenet5_from_scratch.py, beside 0 and 2 processes that
compute.
"""
import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUSY = 0, 2


def step():
    """Print the milliseconds of a step, the median of 200."""
    sys.path.append(os.path.join(ROOT, 'examples'))
    scratch = __import__('lenet5_from_scratch')
    np = scratch.np
    rng = np.random.RandomState(0)
    X, Y = rng.rand(32, 28, 28, 1).astype('f4'), rng.randint(0, 10, 32)
    adam, times = scratch.Adam(scratch.initialize(rng)), []
    for _ in range(220):
        start = time.perf_counter()
        adam.step(scratch.backward(adam.theta, scratch.forward(
            adam.theta, X), Y))
        times.append(time.perf_counter() - start)
    print(np.median(times[20:]) * 1e3)


def main():
    """Print a table: one row for each number of busy processes."""
    print('{} processors; milliseconds a step'.format(os.cpu_count()))
    print('{:>15} {:>10} {:>12} {:>6}'.format(
        'busy processes', 'one thread', 'all threads', 'ratio'))
    for count in BUSY:
        busy = [subprocess.Popen([sys.executable, '-c', 'while True: pass'])
                for _ in range(count)]
        try:
            one, all_threads = (min(float(subprocess.check_output(
                [sys.executable, os.path.abspath(__file__), 'step'], env=dict(
                    os.environ, OPENBLAS_NUM_THREADS=threads)))
                for _ in range(3)) for threads in ('1', str(os.cpu_count())))
        finally:
            for process in busy:
                process.kill()
                process.wait()
        print('{:>15} {:>10.2f} {:>12.2f} {:>6.2f}'.format(
            count, one, all_threads, all_threads / one), flush=True)


if __name__ == '__main__':
    if sys.argv[1:] == ['step']:
        step()
    else:
        main()
