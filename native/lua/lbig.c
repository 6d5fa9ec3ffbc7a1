/*
** lbig.c -- integers without bounds.
**
** An integer that fits in 64 bits is always a plain Lua integer; only what does not fit is a BigInt, a collectable variant of the
** number type (sign and magnitude, 32-bit limbs). So the virtual machine's fast paths never see one, and equality of integers stays
** equality of representation. Everything here is deterministic; work beyond a few limbs is charged to the instruction budget.
*/
#define LUA_CORE
#include <stddef.h>
#include <math.h>
#include <string.h>

#include "lua.h"
#include "lapi.h"
#include "ldo.h"
#include "lgc.h"
#include "lmem.h"
#include "lobject.h"
#include "lstate.h"
#include "lstring.h"
#include "lvm.h"
#include "lnet.h"

typedef unsigned int limb;
typedef unsigned long long dlimb;

typedef struct View { const limb *d; int n; int neg; limb small[2]; } View;

static void view (const TValue *o, View *v) {
  if (ttisinteger(o)) {
    lua_Integer i = ivalue(o);
    lua_Unsigned u = i < 0 ? 0u - (lua_Unsigned)i : (lua_Unsigned)i;
    v->small[0] = (limb)u;
    v->small[1] = (limb)(u >> 32);
    v->d = v->small;
    v->n = v->small[1] ? 2 : v->small[0] ? 1 : 0;
    v->neg = i < 0;
  }
  else {
    const BigInt *b = bigvalue(o);
    v->d = b->d; v->n = b->n; v->neg = b->neg;
  }
}

static BigInt *newbig (lua_State *L, size_t cap) {
  BigInt *b;
  if (cap > 1u << 26) luaN_abort(L, LUAN_MEMORY, "not enough memory");
  if (cap == 0) cap = 1;
  luaN_charge(L, cap / 8 + 1);
  b = (BigInt *)luaC_newobj(L, LUA_TNUMBIG, sizebig(cap));
  b->neg = 0;
  b->n = (int)cap;
  b->cap = (int)cap;
  memset(b->d, 0, cap * sizeof(limb));
  return b;
}

/* stores the result: a plain integer when it fits. May collect garbage: only `res` (and the stack below top) is safe afterwards */
static void finish (lua_State *L, BigInt *b, StkId res) {
  while (b->n > 0 && b->d[b->n - 1] == 0) b->n--;
  if (b->n <= 2) {
    lua_Unsigned u = (b->n > 0 ? b->d[0] : 0) | (b->n > 1 ? (lua_Unsigned)b->d[1] << 32 : 0);
    if (u <= (lua_Unsigned)LUA_MAXINTEGER + (b->neg ? 1u : 0u)) {
      setivalue(res, (lua_Integer)(b->neg ? 0u - u : u));
      return;
    }
  }
  setbigvalue(L, res, b);
}

static int cmpmag (const limb *a, int na, const limb *b, int nb) {
  if (na != nb) return na < nb ? -1 : 1;
  luaN_spend(na / 4);
  while (na-- > 0)
    if (a[na] != b[na]) return a[na] < b[na] ? -1 : 1;
  return 0;
}

static BigInt *addmag (lua_State *L, const View *a, const View *b) {
  const View *t;
  BigInt *r;
  dlimb carry = 0;
  int i;
  if (a->n < b->n) { t = a; a = b; b = t; }
  r = newbig(L, (size_t)a->n + 1);
  for (i = 0; i < a->n; i++) {
    carry += (dlimb)a->d[i] + (i < b->n ? b->d[i] : 0);
    r->d[i] = (limb)carry;
    carry >>= 32;
  }
  r->d[i] = (limb)carry;
  return r;
}

static BigInt *submag (lua_State *L, const View *a, const View *b) {  /* |a| >= |b| */
  BigInt *r = newbig(L, (size_t)a->n);
  long long borrow = 0;
  int i;
  for (i = 0; i < a->n; i++) {
    borrow += (long long)a->d[i] - (i < b->n ? b->d[i] : 0);
    r->d[i] = (limb)borrow;
    borrow >>= 32;
  }
  return r;
}

static void add (lua_State *L, const View *a, const View *b, int bneg, StkId res) {
  BigInt *r;
  if (a->neg == bneg) { r = addmag(L, a, b); r->neg = (lu_byte)a->neg; }
  else if (cmpmag(a->d, a->n, b->d, b->n) >= 0) { r = submag(L, a, b); r->neg = (lu_byte)a->neg; }
  else { r = submag(L, b, a); r->neg = (lu_byte)bneg; }
  finish(L, r, res);
}

static void mul (lua_State *L, const View *a, const View *b, StkId res) {
  BigInt *r;
  int i, j;
  r = newbig(L, (size_t)a->n + b->n);
  r->neg = (lu_byte)(a->neg != b->neg);
  for (i = 0; i < a->n; i++) {
    dlimb carry = 0;
    luaN_charge(L, b->n / 4);
    for (j = 0; j < b->n; j++) {
      carry += (dlimb)a->d[i] * b->d[j] + r->d[i + j];
      r->d[i + j] = (limb)carry;
      carry >>= 32;
    }
    r->d[i + b->n] = (limb)carry;
  }
  finish(L, r, res);
}

static limb divsmall (limb *q, const limb *a, int n, limb b) {
  dlimb rem = 0;
  while (n-- > 0) {
    rem = rem << 32 | a[n];
    q[n] = (limb)(rem / b);
    rem %= b;
  }
  return (limb)rem;
}

/* quotient and remainder of magnitudes (Knuth's algorithm D); b not 0. `u` gets the remainder and needs a->n + 1 limbs */
static void divmag (lua_State *L, const View *a, const View *b, BigInt *q, BigInt *u) {
  int n = b->n, m = a->n - b->n, i, j, s = 0;
  BigInt *vb;
  limb *v;
  if (m < 0) { memcpy(u->d, a->d, (size_t)a->n * sizeof(limb)); return; }
  if (n == 1) {
    luaN_charge(L, a->n / 2);
    u->d[0] = divsmall(q->d, a->d, a->n, b->d[0]);
    return;
  }
  while (!(b->d[n - 1] << s & 0x80000000u)) s++;
  vb = newbig(L, (size_t)n);  /* garbage afterwards; no collection can run before we are done */
  v = vb->d;
  for (i = n - 1; i >= 0; i--)
    v[i] = b->d[i] << s | (s && i > 0 ? b->d[i - 1] >> (32 - s) : 0);
  u->d[a->n] = s ? a->d[a->n - 1] >> (32 - s) : 0;
  for (i = a->n - 1; i >= 0; i--)
    u->d[i] = a->d[i] << s | (s && i > 0 ? a->d[i - 1] >> (32 - s) : 0);
  for (j = m; j >= 0; j--) {
    dlimb num = (dlimb)u->d[j + n] << 32 | u->d[j + n - 1];
    dlimb qh = num / v[n - 1], rh = num % v[n - 1];
    long long borrow = 0;
    dlimb carry = 0;
    luaN_charge(L, n / 2 + 2);
    while (qh >> 32 || qh * v[n - 2] > (rh << 32 | u->d[j + n - 2])) {
      qh--;
      rh += v[n - 1];
      if (rh >> 32) break;
    }
    for (i = 0; i < n; i++) {
      carry += qh * v[i];
      borrow += (long long)u->d[i + j] - (limb)carry;
      u->d[i + j] = (limb)borrow;
      borrow >>= 32;
      carry >>= 32;
    }
    borrow += (long long)u->d[j + n] - (long long)carry;
    u->d[j + n] = (limb)borrow;
    if (borrow < 0) {
      dlimb c = 0;
      qh--;
      for (i = 0; i < n; i++) {
        c += (dlimb)u->d[i + j] + v[i];
        u->d[i + j] = (limb)c;
        c >>= 32;
      }
      u->d[j + n] += (limb)c;
    }
    q->d[j] = (limb)qh;
  }
  if (s) {
    for (i = 0; i < n; i++) u->d[i] = u->d[i] >> s | u->d[i + 1] << (32 - s);
    u->d[n] = 0;
  }
  for (i = n; i <= a->n; i++) u->d[i] = 0;
}

static void addone (limb *d, int n) {
  int i;
  for (i = 0; i < n && ++d[i] == 0; i++) ;
}

/* floor division and its modulus */
static void divmod (lua_State *L, const View *a, const View *b, StkId quo, StkId rem) {
  BigInt *q = newbig(L, (size_t)(a->n >= b->n ? a->n - b->n + 2 : 1) + 1);
  BigInt *u = newbig(L, (size_t)(a->n > b->n ? a->n : b->n) + 2);
  int exact, i;
  divmag(L, a, b, q, u);
  for (exact = 1, i = 0; i < u->n; i++) if (u->d[i]) { exact = 0; break; }
  q->neg = (lu_byte)(a->neg != b->neg);
  u->neg = (lu_byte)a->neg;
  if (!exact && q->neg) {
    for (i = 0; i < q->n && q->d[i] == 0; i++) ;
    if (i < q->n) addone(q->d, q->n);  /* the reference corrects only quotients below 0: -7 // 10^19 is 0 */
    if (rem) {  /* remainder takes the divisor's sign: |b| - |r| */
      View r;
      BigInt *w;
      while (u->n > 0 && u->d[u->n - 1] == 0) u->n--;
      r.d = u->d; r.n = u->n; r.neg = 0;
      w = submag(L, b, &r);
      w->neg = (lu_byte)b->neg;
      u = w;
    }
  }
  if (quo) finish(L, q, quo);
  if (rem) finish(L, u, rem);
}

/* two's complement with `n` limbs */
static BigInt *twos (lua_State *L, const View *a, int n) {
  BigInt *r = newbig(L, (size_t)n);
  int i;
  memcpy(r->d, a->d, (size_t)a->n * sizeof(limb));
  if (a->neg) {
    for (i = 0; i < n; i++) r->d[i] = ~r->d[i];
    addone(r->d, n);
  }
  return r;
}

static void fromtwos (lua_State *L, BigInt *r, StkId res) {
  int i;
  if (r->d[r->n - 1] >> 31) {
    for (i = 0; i < r->n; i++) r->d[i] = ~r->d[i];
    addone(r->d, r->n);
    r->neg = 1;
  }
  finish(L, r, res);
}

static void bitwise (lua_State *L, int op, const View *a, const View *b, StkId res) {
  int n = (a->n > b->n ? a->n : b->n) + 1, i;
  BigInt *x = twos(L, a, n), *y = twos(L, b, n);
  for (i = 0; i < n; i++)
    x->d[i] = op == LUA_OPBAND ? x->d[i] & y->d[i] : op == LUA_OPBOR ? x->d[i] | y->d[i] : x->d[i] ^ y->d[i];
  fromtwos(L, x, res);
}

static void shift (lua_State *L, const View *a, const View *by, int left, StkId res) {
  lua_Unsigned count;
  int words, bits, i;
  BigInt *r;
  if (by->neg) left = !left;
  count = by->n > 2 ? ~(lua_Unsigned)0 : (by->n > 0 ? by->d[0] : 0) | (by->n > 1 ? (lua_Unsigned)by->d[1] << 32 : 0);
  if (a->n == 0) { setivalue(res, 0); return; }
  if (left) {
    if (count > (1u << 30)) luaN_abort(L, LUAN_MEMORY, "not enough memory");
    words = (int)(count / 32);
    bits = (int)(count % 32);
    r = newbig(L, (size_t)a->n + words + 1);
    r->neg = (lu_byte)a->neg;
    for (i = 0; i < a->n; i++) {
      r->d[i + words] |= a->d[i] << bits;
      if (bits) r->d[i + words + 1] |= a->d[i] >> (32 - bits);
    }
    finish(L, r, res);
  }
  else {
    if (count >= (lua_Unsigned)a->n * 32) { setivalue(res, a->neg ? -1 : 0); return; }
    words = (int)(count / 32);
    bits = (int)(count % 32);
    r = twos(L, a, a->n + 1);
    for (i = 0; i < r->n; i++) {
      limb lo = i + words < r->n ? r->d[i + words] : (a->neg ? ~0u : 0);
      limb hi = i + words + 1 < r->n ? r->d[i + words + 1] : (a->neg ? ~0u : 0);
      r->d[i] = bits ? lo >> bits | hi << (32 - bits) : lo;
    }
    fromtwos(L, r, res);
  }
}

/* ---- conversions ------------------------------------------------------------------------------------------------------------- */

/* the reference folds 64-bit digits from the top, rounding at each step */
lua_Number luaN_big2float (const BigInt *b, int *ok) {
  lua_Number r = 0;
  int i = (b->n + 1) / 2;
  luaN_spend(i / 2);
  while (i-- > 0) {
    dlimb digit = b->d[2 * i] | (2 * i + 1 < b->n ? (dlimb)b->d[2 * i + 1] << 32 : 0);
    r = r * 18446744073709551616.0 + (lua_Number)digit;
  }
  if (ok) *ok = isfinite(r);
  return b->neg ? -r : r;
}

int luaN_float2int (lua_State *L, lua_Number f, StkId res) {
  int e;
  lua_Number m;
  lua_Unsigned bits;
  BigInt *r;
  lua_Integer small;
  if (!isfinite(f) || floor(f) != f) return 0;
  if (lua_numbertointeger(f, &small)) { setivalue(res, small); return 1; }
  m = frexp(fabs(f), &e);  /* f = m * 2^e, e > 63 */
  bits = (lua_Unsigned)ldexp(m, 53);
  e -= 53;
  r = newbig(L, (size_t)e / 32 + 3);
  r->neg = f < 0;
  {
    int w = e / 32, s = e % 32;
    r->d[w] = (limb)(bits << s);
    r->d[w + 1] = (limb)(s ? bits >> (32 - s) : bits >> 32);
    r->d[w + 2] = (limb)(s ? bits >> 32 >> (32 - s) : 0);
  }
  finish(L, r, res);
  return 1;
}

/* any number, or text, with an integral value */
int luaN_tobigint (lua_State *L, const TValue *o, StkId res) {
  TValue v;
  if (ttisint(o)) { setobj(L, res, o); return 1; }
  if (ttisstring(o)) {
    if (luaN_str2num(svalue(o), vslen(o), &v) == 0) return 0;
    o = &v;
  }
  return ttisfloat(o) && luaN_float2int(L, fltvalue(o), res);
}

int luaN_bigequal (const BigInt *a, const BigInt *b) {
  luaN_spend((a->n < b->n ? a->n : b->n) / 8);
  return a->neg == b->neg && a->n == b->n && memcmp(a->d, b->d, (size_t)a->n * sizeof(limb)) == 0;
}

static unsigned int hashlimbs (const limb *d, int n, int neg) {
  unsigned int h = (unsigned int)neg;
  int i;
  luaN_spend(n / 4);
  for (i = 0; i < n; i++) h = (h ^ d[i]) * 16777619u;
  return h & 0x7fffffffu;
}

unsigned int luaN_bighash (const BigInt *b) { return hashlimbs(b->d, b->n, b->neg); }

/* magnitude of an integral float; `d` has 40 limbs */
static int floatlimbs (lua_Number f, limb *d) {
  int e, n;
  lua_Unsigned bits = (lua_Unsigned)ldexp(frexp(fabs(f), &e), 53);
  e -= 53;
  memset(d, 0, 40 * sizeof(limb));
  if (e < 0) { bits >>= -e; e = 0; }
  d[e / 32] = (limb)(bits << e % 32);
  d[e / 32 + 1] = (limb)(e % 32 ? bits >> (32 - e % 32) : bits >> 32);
  d[e / 32 + 2] = (limb)(e % 32 ? bits >> 32 >> (32 - e % 32) : 0);
  for (n = 40; n > 0 && d[n - 1] == 0; n--) ;
  return n;
}

/* the hash that an integer of the same value has: both are one key */
unsigned int luaN_floathash (lua_Number f) {
  limb d[40];
  return hashlimbs(d, floatlimbs(f, d), f < 0);
}

static int cmpview (const View *a, const View *b) {
  int c;
  if (a->neg != b->neg) return a->neg ? -1 : 1;
  c = cmpmag(a->d, a->n, b->d, b->n);
  return a->neg ? -c : c;
}

/* exact comparison; floats of the dialect are always finite */
int luaN_cmpnum (const TValue *a, const TValue *b) {
  View x, y;
  if (ttisint(a) && ttisint(b)) { view(a, &x); view(b, &y); return cmpview(&x, &y); }
  if (ttisfloat(a) && ttisfloat(b)) return fltvalue(a) < fltvalue(b) ? -1 : fltvalue(a) > fltvalue(b);
  if (ttisfloat(a)) return -luaN_cmpnum(b, a);
  else {  /* integer against float: compare with the float's integral part, then look at the rest */
    lua_Number f = fltvalue(b), fl = floor(f);
    limb d[40];
    int c;
    if (isinf(f)) return f > 0 ? -1 : 1;
    view(a, &x);
    y.neg = fl < 0;
    y.d = d;
    y.n = fl == 0 ? 0 : floatlimbs(fl, d);
    c = cmpview(&x, &y);
    return c != 0 ? c : f > fl ? -1 : 0;
  }
}

/* the digits of an integer in base 2..36; never runs a step of the collector */
TString *luaN_bigtext (lua_State *L, const TValue *o, int base) {
  View v;
  BigInt *t;
  TString *ts;
  size_t size, at;
  Udata *u;
  char *buff;
  int n;
  limb chunk = (limb)base;
  int per = 1;
  view(o, &v);
  while ((dlimb)chunk * base < 0x100000000ull) { chunk *= (limb)base; per++; }
  t = newbig(L, (size_t)v.n);
  memcpy(t->d, v.d, (size_t)v.n * sizeof(limb));
  size = base >= 10 ? (size_t)(v.n * 9.64) + 12 : (size_t)v.n * 32 + 2;
  setbigvalue(L, L->top, t);  /* keeps it alive while the buffer is made */
  L->top++;
  u = luaS_newudata(L, size);
  setuvalue(L, L->top, u);
  L->top++;
  buff = getudatamem(u);
  at = size;
  n = v.n;
  while (n > 0) {
    limb r = divsmall(t->d, t->d, n, chunk);
    int i;
    luaN_charge(L, n / 2);
    while (n > 0 && t->d[n - 1] == 0) n--;
    for (i = 0; i < per && (n > 0 || r > 0); i++) {
      buff[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[r % (limb)base];
      r /= (limb)base;
    }
  }
  if (at == size) buff[--at] = '0';
  if (v.neg) buff[--at] = '-';
  ts = luaS_newlstr(L, buff + at, size - at);
  L->top -= 2;
  return ts;
}

/* digits -> integer; nothing but digits, at least one */
int luaN_parseint (lua_State *L, const char *s, size_t n, int base, StkId res) {
  size_t i;
  BigInt *r;
  int used = 0;
  lua_Unsigned small = 0;
  if (n == 0) return 0;
  for (i = 0; i < n; i++) {
    int c = (unsigned char)s[i], d = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'z' ? (c | 32) - 'a' + 10 : 99;
    if (d >= base) return 0;
    if (i < 12) small = small * (unsigned)base + (unsigned)d;
  }
  if (n <= 12) { setivalue(res, (lua_Integer)small); return 1; }
  r = newbig(L, n * (base <= 16 ? 4 : 6) / 32 + 2);
  for (i = 0; i < n; i++) {
    int c = (unsigned char)s[i], j;
    dlimb carry = (dlimb)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    for (j = 0; j < used; j++) {
      carry += (dlimb)r->d[j] * (unsigned)base;
      r->d[j] = (limb)carry;
      carry >>= 32;
    }
    luaN_charge(L, used / 4);
    if (carry) r->d[used++] = (limb)carry;
  }
  finish(L, r, res);
  return 1;
}

void luaN_pushmagnitude (lua_State *L, int neg, const unsigned char *bytes, size_t n) {
  BigInt *r = newbig(L, n / 4 + 1);
  memcpy(r->d, bytes, n);
  r->neg = (lu_byte)(neg != 0);
  finish(L, r, L->top);
  api_incr_top(L);
}

void luaN_pushint (lua_State *L, const TValue *o) {
  setobj2s(L, L->top, o);
  api_incr_top(L);
}

/* ---- arithmetic -------------------------------------------------------------------------------------------------------------- */

static const char *const opnames[] = { "+", "-", "*", "%", "^", "/", "//", "&", "|", "~", "<<", ">>", "-", "~" };

static int tonum (const TValue *o, TValue *v) {
  if (ttisnumber(o)) { setobj(NULL, v, o); return 1; }
  return ttisstring(o) && luaN_str2num(svalue(o), vslen(o), v) != 0;
}

static int tofloat (const TValue *o, lua_Number *n) {
  int ok = 1;
  *n = ttisfloat(o) ? fltvalue(o) : ttisinteger(o) ? (lua_Number)ivalue(o) : luaN_big2float(bigvalue(o), &ok);
  return ok;
}

/*
** The intermediate results of one operation are not reachable by the collector. So we collect before it if memory is short, and an
** emergency collection during it is forbidden (luaN_hold; a throw resets it).
*/
static void hold (lua_State *L, const TValue *a, const TValue *b) {
  size_t limbs = 120;
  if (ttisbig(a)) limbs += (size_t)bigvalue(a)->n;
  if (ttisbig(b)) limbs += (size_t)bigvalue(b)->n;
  luaN_reserve(L, limbs * 5 * sizeof(limb));
  luaN_hold = 1;
}

/*
** The slow path of every arithmetic and bitwise operator of the dialect. 0: not for numbers, try metamethods. Both operands must be
** on the stack or otherwise reachable. May run the collector, so the stack may move.
*/
int luaN_arith (lua_State *L, int op, const TValue *p, const TValue *q, StkId res) {
  TValue a, b;
  View x, y;
  lua_Number m, n, r;
  if (op >= LUA_OPBAND && op != LUA_OPUNM) {
    hold(L, p, q);
    if (!luaN_tobigint(L, p, &a) || !luaN_tobigint(L, q, &b)) { luaN_hold = 0; return 0; }
    view(&a, &x);
    view(&b, &y);
    if (op == LUA_OPBNOT) {  /* ~x = -x - 1 */
      View one = { NULL, 1, 1, { 1, 0 } };
      one.d = one.small;
      x.neg = !x.neg;
      add(L, &x, &one, 1, res);
    }
    else if (op == LUA_OPSHL || op == LUA_OPSHR) shift(L, &x, &y, op == LUA_OPSHL, res);
    else bitwise(L, op, &x, &y, res);
    goto done;
  }
  if (!tonum(p, &a) || !tonum(q, &b)) return 0;
  if (ttisint(&a) && ttisint(&b) && op != LUA_OPDIV && op != LUA_OPPOW) {
    hold(L, &a, &b);
    view(&a, &x);
    view(&b, &y);
    switch (op) {
      case LUA_OPADD: add(L, &x, &y, y.neg, res); break;
      case LUA_OPSUB: add(L, &x, &y, !y.neg, res); break;
      case LUA_OPMUL: mul(L, &x, &y, res); break;
      case LUA_OPUNM: {
        View zero = { NULL, 0, 0, { 0, 0 } };
        zero.d = zero.small;
        add(L, &zero, &x, !x.neg, res);
        break;
      }
      default:
        if (y.n == 0) luaN_badarith(L, opnames[op], &a, &b);
        divmod(L, &x, &y, op == LUA_OPIDIV ? res : NULL, op == LUA_OPMOD ? res : NULL);
    }
    goto done;
  }
  if (op == LUA_OPUNM) { setfltvalue(res, -fltvalue(&a)); return 1; }
  r = 0;
  if (!tofloat(&a, &m) || !tofloat(&b, &n)) luaN_badarith(L, opnames[op], &a, &b);
  switch (op) {
    case LUA_OPADD: r = m + n; break;
    case LUA_OPSUB: r = m - n; break;
    case LUA_OPMUL: r = m * n; break;
    case LUA_OPDIV: r = n == 0 ? INFINITY : m / n; break;
    case LUA_OPPOW: r = pow(m, n); break;
    case LUA_OPIDIV: r = n == 0 ? INFINITY : floor(m / n) + 0.0; break;
    case LUA_OPMOD: {
      lua_Number f = n == 0 ? INFINITY : floor(m / n) + 0.0;
      r = isfinite(f) ? m - f * n : f;
      break;
    }
  }
  if (!isfinite(r)) luaN_badarith(L, opnames[op], &a, &b);
  setfltvalue(res, r);
  return 1;
 done:
  luaN_hold = 0;
  luaC_checkGC(L);  /* for a small result, too: what it was made from is garbage, and perhaps nothing else runs the collector */
  return 1;
}
