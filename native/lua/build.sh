#!/bin/sh
# Rebuilds lua.wasm, bit for bit, from Debian's lua5.3 source package. See README.md.
#
#   native/lua/build.sh            writes lua.wasm and lua.wasm.sha256 next to this file
#   native/lua/build.sh --check    builds into a temporary folder and compares
#
# Needs: Debian 12's `emscripten` (3.1.6), curl or apt-get with deb-src, tar, patch, sha256sum.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
version=5.3.6
tarball=lua5.3_$version.orig.tar.gz
sha256=fc5fd69bb8736323f026672b1b7235da613d7177e72558893a0bdcd320466d60
url=http://deb.debian.org/debian/pool/main/l/lua5.3/$tarball
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

if [ -n "${LUA_TARBALL:-}" ]; then cp "$LUA_TARBALL" "$tarball"
else curl -fsSLo "$tarball" "$url" || apt-get source --download-only lua5.3 >/dev/null
fi
echo "$sha256  $tarball" | sha256sum -c - >/dev/null
tar xzf "$tarball"
cd lua-$version
for p in "$here"/patches/*.patch; do patch -sp1 < "$p"; done
cp "$here"/*.c "$here"/*.h src/
cd src

files="lapi lcode lctype ldebug ldo ldump lfunc lgc llex lmem lobject lopcodes lparser lstate lstring ltable ltm lundump lvm lzio"
files="$files lauxlib lbaselib lcorolib loslib ltablib lstrlib lmathlib lutf8lib lbitlib"
files="$files bridge lbig lcalendar lnetvm lnetlib lnetstr"
sources=; for f in $files; do sources="$sources $f.c"; done
# Relative names only: nothing of this machine's paths may end up in the module.
# The C stack lies first, so that an overflow traps instead of writing over data; 200 nested calls (LUAI_MAXCCALLS) fit.
emcc -O3 -fwasm-exceptions -s SUPPORT_LONGJMP=wasm -s STANDALONE_WASM=1 --no-entry -I. -include lhost.h -DNDEBUG -DLUA_COMPAT_5_2 \
  '-Dluai_makeseed()=0x5bd1e995u' '-Dlua_getlocaledecpoint()=(46)' \
  '-Dlua_writestring(s,l)=host_print(s,l)' '-Dlua_writeline()=host_print("\n",1)' '-Dlua_writestringerror(s,p)=((void)0)' \
  -s TOTAL_STACK=524288 -s INITIAL_MEMORY=1048576 -s ALLOW_MEMORY_GROWTH=1 -s MAXIMUM_MEMORY=4294901760 \
  -s ERROR_ON_UNDEFINED_SYMBOLS=0 -s WARN_ON_UNDEFINED_SYMBOLS=0 -Wl,--stack-first \
  $sources -o lua.wasm

if [ "${1:-}" = --check ]; then cmp lua.wasm "$here/lua.wasm" && echo "lua.wasm is what these sources give"
else
  cp lua.wasm "$here/lua.wasm"
  chmod 644 "$here/lua.wasm"
  (cd "$here" && sha256sum lua.wasm > lua.wasm.sha256)
  ls -l "$here/lua.wasm"
fi
