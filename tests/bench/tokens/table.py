"""Prints what run.sh measured: MB a second, and Tollgate as a multiple of each."""

import json
import sys


def main():
    ours, peers = (json.load(open(name)) for name in sys.argv[1:3])
    wrong = 0
    for encoding, result in ours.items():
        wrong += result["wrong_count"] + result["wrong_ids"] + result["wrong_steps"]
        print(f"{encoding}: {result['rows']} rows, {result['wrong_count']} wrong counts, "
              f"{result['wrong_ids']} wrong ids, {result['wrong_steps']} wrong counts in steps; "
              f"1 MB of one letter {result['speed']['one_letter_1mb_ms']:.1f} ms")
        for texts in ("chat_and_code", "all"):
            speed = result["speed"][texts]
            line = f"  {texts:14} tollgate {speed:6.1f} MB/s"
            for peer, speeds in peers[encoding].items():
                if speeds[texts]:
                    line += f" | {peer} {speeds[texts]:.1f} (x{speed / speeds[texts]:.2f})"
            print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
