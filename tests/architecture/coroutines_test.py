"""No coroutine has a shape that GCC 12 miscompiles; the detector is tested on samples of both kinds."""

import unittest

import coroutines
import tree

BAD = {
    "brace": [
        "co_await f({1, 2});",
        "co_await f({});",
        "co_await f(a, {.b = 1});",
        "co_await f(Opt{1});",
        "co_await f(ns::Opt{});",
        "co_await f(Opt<int>{1});",
        "auto r = co_await x.y()->f(Opt{\n    .a = 1,\n    .b = 2,\n});",
        "if (co_await f({1}) == 2) g();",
        "co_await f(g(h({1})));",
        "co_await Opt{1};",
        "Opt o{a, co_await f()};",
        "co_return Opt{co_await f()};",
        "co_return {a, co_await f()};",
        "g({.a = co_await f()});",
        "g(Opt{1}, co_await f());",
        "auto o = Opt{std::string(), co_await f()};",
        "x = !co_await send(out, {});",
        "co_await f([] { return 1; }, {2});",
        "return co_await f(\"}\", {1});",
        "co_await make<Opt>({1});",
    ],
    "lambda": [
        "co_await f([x] { return x; });",
        "co_await f([&] { return 1; });",
        "co_await f(1, [this](int a) -> bool { return a; });",
        "co_await f(\n    1,\n    [=]() mutable {\n      go();\n    });",
        "co_await f(std::function<int()>([x] { return x; }));",
        "co_await [x]() -> awaitable<int> { co_return x; }();",
    ],
    "member": [
        "co_await gate_;",
        "if (co_await wait_ == Wake::timeout) return;",
    ],
    "ternary": [
        "auto r = c ? co_await a() : co_await b();",
        "auto r = c ? x : co_await b();",
        "co_return c ? (co_await a()).v : 0;",
        "f(c\n      ? co_await a()\n      : 1);",
    ],
    "range": [
        "for (auto& x : co_await f()) g(x);",
        "for (const auto& [a, b] : (co_await f()).items()) g(a);",
    ],
    "catch": [
        "try { f(); } catch (const E& e) { co_await g(); }",
        "try { f(); } catch (...) { if (x) { co_await g(); } }",
    ],
}
GOOD = [
    "co_await gate_.opened();",
    "co_await local;",
    "co_await f();",
    "co_await f(a, b[1], c(2));",
    "const Opt o{1, 2};\nco_await f(o);",
    "Opt o = {1};\nauto r = co_await f(std::move(o));",
    "auto l = [x] { return x; };\nco_await f(l);",
    "co_await f([] { return 1; });",
    "co_await f([](int a) { return Opt{a}; });",
    "if (auto r = co_await f(); r) { g({1}); }",
    "if (co_await f() == Flow::stop) co_return gone();",
    "if (!co_await f(a)) { x = Opt{1}; }",
    "while (co_await next()) { use({1}); }",
    "for (;;) { co_await f(); g({1}); }",
    "for (int i = 0; i < 3; ++i) co_await f(i);",
    "for (auto x : list) { co_await f(x); }",
    "auto r = co_await f() ? 1 : 2;",
    "int x = c ? 1 : 2;\nco_await f();",
    "try { co_await f(); } catch (const E& e) { g({1}); }",
    "co_await f(Opt(1));",
    "co_await f(std::string(\"{\"));",
    "// co_await f({1});",
    "/* co_await f({1}); */ co_await f();",
    "const char* s = \"co_await f({1})\";",
    "auto s = R\"(co_await f({1}))\";",
    "x = {1}; co_await f();",
    "struct S { int a = 0; };\nco_await f();",
    "switch (x) { case 1: co_await f(); break; case 2: { co_await g(); } }",
    "if (a) { co_await f(); } else { co_await g(); }",
    "awaitable<Outcome> handle(Exchange& ex) const override { co_return co_await next(ex); }",
    "auto go = [&]() -> awaitable<void> { co_await f(); };",
    "void g() { f([x] { return 1; }); }\nawaitable<void> h() { co_await f(); }",
    "co_await x->f<int>(1);",
    "#define M(x) co_await f({x})\nco_await f();",
    "const auto n = 1'000;\nco_await f(n);",
    "a[b[0]] = co_await f();",
]


class Coroutines(unittest.TestCase):
    def test_sources_have_no_bad_shape(self):
        problems = [f"{file}:{finding.line}: {finding.kind}"
                    for file in tree.sources("src", "include", "tests")
                    for finding in coroutines.find(tree.text(file))]
        self.assertEqual([], problems, "\n" + "\n".join(problems) + "\n" + (coroutines.__doc__ or ""))

    def test_finds_every_bad_shape(self):
        for kind, samples in BAD.items():
            for sample in samples:
                for text in (sample, "awaitable<int> h() {\n  " + sample + "\n}\n"):
                    with self.subTest(kind=kind, text=text):
                        self.assertIn(kind, {finding.kind for finding in coroutines.find(text)})

    def test_leaves_good_shapes_alone(self):
        for sample in GOOD:
            for text in (sample, "awaitable<int> h() {\n  " + sample + "\n}\n"):
                with self.subTest(text=text):
                    self.assertEqual([], coroutines.find(text))

    def test_says_the_line(self):
        self.assertEqual([(3, "brace")], coroutines.find("void f() {\n\n  co_await f({1});\n}"))


if __name__ == "__main__":
    unittest.main()
