"""Prints the ten slowest tests of JUnit reports, and the ten slowest files."""
import collections
import sys
import xml.etree.ElementTree

COUNT = 10


def cases(reports):
    for report in reports:
        for case in xml.etree.ElementTree.parse(report).iter("testcase"):
            yield float(case.get("time") or 0), case.get("classname"), case.get("name")


def main(reports):
    of_files, tests = collections.Counter(), sorted(cases(reports), reverse=True)
    for seconds, file, _ in tests:
        of_files[file] += seconds
    print("the slowest tests, in seconds:")
    for seconds, file, name in tests[:COUNT]:
        print(f"{seconds:8.1f}  {file} {name}"[:150])
    print("the slowest files:")
    for file, seconds in of_files.most_common(COUNT):
        print(f"{seconds:8.1f}  {file}")


if __name__ == "__main__":
    main(sys.argv[1:])
