"""Measures other tokenizers on the texts that `measure` is given; prints MB a second as JSON.

    peers.py FILE [REPETITIONS]

tiktoken wants its rank files in TIKTOKEN_CACHE_DIR (see run.sh).
"""

import json
import sys
import time


def makers():
    import quicktok
    import tiktoken
    from bpe_openai import _bindings  # the crate's own count, without the wrapper's checks

    def counting(encode):
        return lambda text: len(encode(text))

    for name in ("cl100k_base", "o200k_base"):
        yield name, "tiktoken", counting(tiktoken.get_encoding(name).encode_ordinary)
        yield name, "bpe-openai", _bindings.tokenizer_for_encoding(name).count
        yield name, "quicktok", quicktok.get_encoding(name).count


def speed(texts, count, repetitions):
    size = sum(len(text.encode()) for text in texts)
    best = 0
    for _ in range(repetitions):
        start = time.perf_counter()
        for text in texts:
            count(text)
        best = max(best, size / (time.perf_counter() - start) / 1e6)
    return best


def main():
    rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
    repetitions = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    rows = [row for row in rows if row.get("kind") != "edge"]
    everything = [row["text"] for row in rows]
    chat = [row["text"] for row in rows
            if row.get("kind", "").startswith("chat") or "code" in row.get("kind", "")]
    result = {}
    for name, peer, count in makers():
        count("the first call loads the tables")
        result.setdefault(name, {})[peer] = {
            "all": speed(everything, count, repetitions), "chat_and_code": speed(chat, count, repetitions)}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
