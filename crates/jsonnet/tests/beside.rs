//! Small programs beside the `jsonnet` program (the one written in Go, which Argo CD builds in), when it is on PATH or
//! named by `ARGOSY_JSONNET`: the same JSON, or an error from both.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use jsonnet::{Options, evaluate};
use serde_json::Value;
use tree::{MemoryTree, TreePath};

const PROGRAMS: &[&str] = &[
    // Literals and operators.
    "[1, 1.5, 1e3, -0.1, 1e-7, 123456789012, 1/3, 0.1 + 0.2, 10 % 3, -7 % 3, 2 << 3, 5 & 3, 5 | 3, 5 ^ 3, ~5]",
    "['a' + 1, 'a' + [1, {b: 2}], 1 == 1.0, [1, 2] == [1, 2], {a: 1} == {a: 1}, 'a' < 'b', [1, 2] < [1, 3]]",
    "['\\u00e9', \"\\t\\n\\\\\", @'a\\b', |||\n  text\n    more\n|||, 'x' * 0]",
    "['é'[0], std.length('é😀'), std.codepoint('é'), std.char(128512)]",
    "{a: 1, b:: 2, c::: 3, ['d' + 'e']: 4, [null]: 5}",
    "{a: 1, b: self.a, c: $.a, d: {e: $.b, f: super.x}}",
    "{a: 1} + {a+: 2} + {b: super.a}",
    "local base = {x: 1, y: {z: 2}}; base + {y+: {w: 3}, x: super.x + 10}",
    "local f(a, b=a + 1) = [a, b]; [f(1), f(1, 2), f(b=3, a=4)]",
    "[x * y for x in [1, 2, 3] if x > 1 for y in [10, 20]]",
    "{[k]: std.length(k) for k in ['a', 'bb']}",
    "{local x = 1, a: x, assert self.a == 1 : 'no'}",
    "if false then 1",
    "[1, 2, 3][1:], 1",
    "[[1, 2, 3, 4][1:3], [1, 2, 3, 4][::2], 'hello'[1:3], [1, 2, 3][-1:]]",
    "std.objectFields({b: 1, a: 2, c:: 3}) + std.objectFieldsAll({b:: 1})",
    "'in' in {'in': 1} && !('x' in {})",
    "{a: error 'lazy'}.b",
    "local x = {a: error 'lazy', b: 1}; x.b",
    "error 'told'",
    "assert 1 == 2 : 'not equal'; 1",
    "[1] + 2",
    "{} + 1",
    "local a = b, b = 1; a",
    "local f = function(n) if n == 0 then 0 else f(n - 1); f(100)",
    // The standard library.
    "std.format('%s %d %05.2f %x %o %e %g %c %% %(a)s', ['x'])",
    "['%s|%5s|%-5s|%05d|%+d|%.3f|%x|%X|%o|%e|%g|%c|%%' % ['a', 'b', 'c', 42, 7, 1/3, 255, 255, 8, 12345.678, 0.0001, 'z']]",
    "['%(a)s-%(b)03d' % {a: 'x', b: 7}, '%s' % [[1, 2]], '%s' % {a: 1}]",
    "[std.parseInt('-12'), std.parseHex('fF'), std.parseOctal('17'), std.parseJson('{\"a\": [1, null]}')]",
    "std.parseYaml('a: 1\\nb: [x, z]\\nc: {d: ~}')",
    "std.parseYaml('a: 1\\n---\\nb: 2\\n')",
    "[std.split('a,b,c', ','), std.splitLimit('a,b,c', ',', 1), std.join(', ', ['a', 'b']), std.join([0], [[1], [2]])]",
    "[std.strReplace('banana', 'an', 'x'), std.asciiUpper('aé'), std.asciiLower('AÉ'), std.stripChars(' a ', ' ')]",
    "[std.lstripChars('xxa', 'x'), std.rstripChars('axx', 'x'), std.trim(' a\\n'), std.startsWith('ab', 'a'), std.endsWith('ab', 'b')]",
    "[std.substr('hello', 1, 3), std.findSubstr('l', 'hello'), std.stringChars('abc'), std.repeat('ab', 3), std.repeat([1], 2)]",
    "[std.map(function(x) x * 2, [1, 2]), std.filter(function(x) x > 1, [1, 2]), std.foldl(function(a, b) a + b, [1, 2, 3], 0), std.foldr(function(a, b) [a, b], [1, 2], [])]",
    "[std.mapWithIndex(function(i, x) [i, x], ['a', 'b']), std.flatMap(function(x) [x, x], [1, 2]), std.filterMap(function(x) x > 1, function(x) -x, [1, 2, 3])]",
    "[std.sort([3, 1, 2]), std.sort(['b', 'a']), std.sort([{a: 2}, {a: 1}], function(x) x.a), std.uniq([1, 1, 2]), std.set([2, 1, 2]), std.reverse([1, 2])]",
    "[std.setUnion([1, 2], [2, 3]), std.setInter([1, 2], [2, 3]), std.setDiff([1, 2], [2, 3]), std.setMember(1, [1, 2])]",
    "[std.range(1, 4), std.makeArray(3, function(i) i * i), std.count([1, 2, 1], 1), std.find(1, [1, 2, 1]), std.member([1, 2], 2), std.flattenArrays([[1], [2, [3]]]), std.flattenDeepArray([[1], [2, [3]]])]",
    "[std.sum([1, 2, 3]), std.avg([1, 2]), std.minArray([3, 1]), std.maxArray([3, 1]), std.all([true]), std.any([false])]",
    "[std.abs(-1), std.sign(-2), std.max(1, 2), std.min(1, 2), std.pow(2, 10), std.exp(0), std.log(1), std.sqrt(16), std.floor(1.5), std.ceil(1.5), std.round(1.5), std.mod(7, 3), std.clamp(5, 1, 3), std.exponent(8), std.mantissa(8)]",
    "[std.isArray([]), std.isObject({}), std.isString(''), std.isNumber(1), std.isBoolean(true), std.isFunction(function() 1), std.type(null), std.isEven(2), std.isInteger(1.5), std.isEmpty('')]",
    "[std.objectHas({a:: 1}, 'a'), std.objectHasAll({a:: 1}, 'a'), std.objectValues({a: 1, b: 2}), std.objectKeysValues({a: 1}), std.get({a: 1}, 'b', 3), std.objectRemoveKey({a: 1, b: 2}, 'a')]",
    "std.mergePatch({a: 1, b: {c: 2, d: 3}}, {a: null, b: {c: 4}, e: 5})",
    "[std.prune({a: null, b: [], c: {d: null}, e: 1}), std.mapWithKey(function(k, v) k + v, {a: 1})]",
    "std.manifestYamlDoc({a: [1, 'x', true, null], b: {c: 'multi\\nline', d: ''}, e: [], f: {}, 'g h': '1'})",
    "std.manifestYamlDoc({a: [1, {b: 2}], 'yes': 'no'}, indent_array_in_object=true, quote_keys=false)",
    "std.manifestYamlStream([{a: 1}, {b: 2}])",
    "[std.manifestJson({a: [1, 2], b: {}}), std.manifestJsonMinified({a: [1, 2]}), std.manifestJsonEx({a: []}, '  '), std.toString({a: 1.0})]",
    "[std.manifestIni({main: {a: 1}, sections: {s: {b: [1, 2]}}}), std.manifestPython({a: [true, null]}), std.manifestPythonVars({a: 1})]",
    "std.manifestTomlEx({a: 1, b: {c: 'x', d: [1, 2]}, e: [{f: 1}]}, '  ')",
    "std.manifestXmlJsonml(['svg', {h: 1}, ['p', 'x < y']])",
    "[std.base64('hello'), std.base64Decode('aGVsbG8='), std.base64DecodeBytes('aGk='), std.encodeUTF8('é'), std.decodeUTF8([195, 169])]",
    "[std.md5('a'), std.sha1('a'), std.sha256('a'), std.sha512('a'), std.sha3('a')]",
    "[std.escapeStringJson('a\"b\\n'), std.escapeStringBash(\"a'b\"), std.escapeStringDollars('$a'), std.escapeStringPython('a\"'), std.escapeStringXML('<a>&')]",
    "[std.equalsIgnoreCase('a', 'A'), std.xor(true, false), std.xnor(true, true), std.slice([1, 2, 3], 0, 2, 1), std.removeAt([1, 2, 3], 1), std.remove([1, 2], 1), std.lines(['a', 'b'])]",
    "[std.deepJoin(['a', ['b']]), std.strReplace('aaa', 'a', ''), std.thisFile != '', std.trace('x', 1), std.resolvePath('a/b', 'c'), std.extVar('none')]",
    "[std.native('x')]",
    "[std.log2(8), std.log10(100), std.deg2rad(180), std.rad2deg(std.pi), std.hypot(3, 4), std.sin(0), std.atan2(0, 1)]",
    "std.assertEqual([1], [1]) && std.assertEqual(1, 2)",
    "[std.minArray([], onEmpty=0), std.maxArray([1, 2], function(x) -x), std.contains([1], 1), std.isNull(null)]",
    "{f(x): x, g: self.f(2)}",
    "std.parseJson('{')",
    "std.length(1)",
    "1 / 0",
    "1e308 * 10",
    "'abc'[5]",
    "[1][1]",
    "{a: 1}.b",
    "local x = x; x",
    "(function(x) x)()",
    "import 'nothing'",
];

#[test]
fn results_are_those_of_the_other_program() {
    let program = std::env::var_os("ARGOSY_JSONNET").unwrap_or_else(|| "jsonnet".into());
    if Command::new(&program).arg("--version").output().is_err() {
        println!("skipped: the program jsonnet is not on PATH");
        return;
    }
    let mut different = Vec::new();
    for text in PROGRAMS {
        let output = Command::new(&program).args(["-e", text]).output().unwrap();
        let theirs: Result<Value, String> = match output.status.success() {
            true => Ok(serde_json::from_slice(&output.stdout).unwrap()),
            false => {
                Err(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned())
            }
        };
        let mut tree = MemoryTree::new();
        tree.insert_text("main.jsonnet", text).unwrap();
        let ours = evaluate(&tree, &TreePath::new("main.jsonnet").unwrap(), &Options::default());
        let same = match (&theirs, &ours) {
            (Ok(theirs), Ok(ours)) => theirs == ours,
            (theirs, ours) => theirs.is_err() == ours.is_err(),
        };
        if !same {
            let ours = ours.map_err(|error| error.to_string());
            different.push(format!("{text}\n  theirs: {theirs:?}\n  ours:   {ours:?}"));
        }
    }
    assert!(
        different.is_empty(),
        "{} of {} differ:\n{}",
        different.len(),
        PROGRAMS.len(),
        different.join("\n")
    );
}
