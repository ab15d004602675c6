#!/bin/sh
# The compiler of this workspace's own crates in a build for fuzzing (cargo's RUSTC_WORKSPACE_WRAPPER): $1 is rustc, the
# rest what cargo says to it. Other people's crates are compiled as always, and so are macros and build scripts, which
# run while compiling.
#
# Coverage counters are a pass of LLVM, the table of their places and traced comparisons its options. The `cfg` is what
# libFuzzer's users agree on. Optimized, or there would be few inputs a second; with the checks that turn a silent
# overflow into a finding.
case " $* " in
    *" --crate-type proc-macro "* | *" --crate-name build_script_"*) exec "$@" ;;
esac
exec "$@" --cfg fuzzing -Copt-level=2 -Cdebug-assertions=on -Coverflow-checks=on \
    -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
