/*
** lnetvm.c -- what the virtual machine of the dialect does off its fast paths: comparisons, loops, the order of keys, the texts of
** errors, numbers as text.
*/
#define LUA_CORE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua.h"
#include "lapi.h"
#include "lauxlib.h"
#include "ldebug.h"
#include "ldo.h"
#include "lgc.h"
#include "lobject.h"
#include "lstate.h"
#include "lstring.h"
#include "ltable.h"
#include "ltm.h"
#include "lvm.h"
#include "lnet.h"

/* ---- numbers as text --------------------------------------------------------------------------------------------------------- */

/*
** Shortest digits that round-trip; plain decimal or exponent form, whichever is shorter, plain on a tie; from 2^53 up always the
** exponent form. The digits come from the host (its shortest-digits algorithm is exact), small integral values need no help.
*/
int luaN_fmtfloat (char *buff, lua_Number x) {
  char digits[40], plain[40], sci[40];
  int n, e, np = 0, ns = 0, i;
  char *out = buff;
  if (signbit(x)) { *out++ = '-'; x = -x; }
  if (x == 0) { memcpy(out, "0.0", 3); return (int)(out - buff) + 3; }
  if (x < 1e15 && floor(x) == x) {
    n = snprintf(digits, sizeof(digits), "%.0f", x);
    e = n - 1;
    while (n > 1 && digits[n - 1] == '0') n--;
  }
  else {  /* "d.ddde-7" */
    char raw[40];
    int len = host_digits(x, raw);
    luaN_spend(40);
    raw[len] = '\0';
    for (i = 0, n = 0; i < len && raw[i] != 'e'; i++) if (raw[i] != '.') digits[n++] = raw[i];
    e = atoi(raw + i + 1);
  }
  sci[ns++] = digits[0];
  sci[ns++] = '.';
  if (n == 1) sci[ns++] = '0';
  for (i = 1; i < n; i++) sci[ns++] = digits[i];
  ns += snprintf(sci + ns, 10, "e%d", e);
  if (x < 9007199254740992.0 && e > -12) {
    if (e < 0) {
      plain[np++] = '0';
      plain[np++] = '.';
      for (i = -1; i > e; i--) plain[np++] = '0';
      for (i = 0; i < n; i++) plain[np++] = digits[i];
    }
    else {
      for (i = 0; i < n || i <= e; i++) {
        if (i == e + 1) plain[np++] = '.';
        plain[np++] = i < n ? digits[i] : '0';
      }
      if (n <= e + 1) { plain[np++] = '.'; plain[np++] = '0'; }
    }
  }
  if (np > 0 && np <= ns) { memcpy(out, plain, (size_t)np); out += np; }
  else { memcpy(out, sci, (size_t)ns); out += ns; }
  return (int)(out - buff);
}

static int isws (int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static const char *blank (const char *s, const char *end) {
  for (;;) {
    while (s < end && isws((unsigned char)*s)) s++;
    if (end - s > 2 && s[0] == '-' && s[1] == '-') while (s < end && *s != '\n') s++;
    else return s;
  }
}

/* text -> float (always a float): white space and comments around, one sign, a numeral. Returns len + 1, or 0 */
size_t luaN_str2num (const char *s, size_t len, TValue *o) {
  const char *end = s + len, *p = blank(s, end), *q;
  int neg = 0, hex = 0, digits = 0;
  luaN_spend(len + 4);
  char local[64], *copy = local, *stop;
  size_t n;
  lua_Number x;
  if (p < end && (*p == '-' || *p == '+')) { neg = *p == '-'; p = blank(p + 1, end); }
  if (p == end || !((*p >= '0' && *p <= '9') || *p == '.')) return 0;
  if (end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) hex = 1;
  for (q = p; q < end && *q != '\0' && !isws((unsigned char)*q); q++) {
    if (*q >= '0' && *q <= '9') digits = 1;
    if (*q == '-' && q > p && !(hex ? (q[-1] | 32) == 'p' : (q[-1] | 32) == 'e')) break;
  }
  if (!digits && !hex) return 0;
  n = (size_t)(q - p);
  if (n >= sizeof(local)) {
    copy = (char *)malloc(n + 1);
    if (copy == NULL) return 0;
  }
  memcpy(copy, p, n);
  copy[n] = '\0';
  x = strtod(copy, &stop);
  n = (size_t)(stop - copy) == n;
  if (copy != local) free(copy);
  if (!n || !isfinite(x) || blank(q, end) != end) return 0;
  setfltvalue(o, neg ? -x : x);
  return len + 1;
}

void luaN_pushtext (lua_State *L, const TValue *o) {
  switch (ttnov(o)) {
    case LUA_TNIL: lua_pushliteral(L, "nil"); break;
    case LUA_TBOOLEAN: if (bvalue(o)) lua_pushliteral(L, "true"); else lua_pushliteral(L, "false"); break;
    case LUA_TNUMBER: case LUA_TSTRING:
      luaN_pushint(L, o);
      if (ttisnumber(o)) luaO_tostring(L, L->top - 1);
      break;
    case LUA_TTABLE: lua_pushfstring(L, "table: %d", (int)hvalue(o)->serial); break;
    case LUA_TFUNCTION: {
      const char *module = NULL;
      if (luaN_fname(L, o, &module) != NULL) lua_pushfstring(L, "function: %s", module);
      else lua_pushfstring(L, "function: %d", (int)(size_t)val_(o).p);
      break;
    }
    default: lua_pushfstring(L, "%s: %d", luaT_objtypename(L, o), (int)(size_t)val_(o).p);
  }
}

/* ---- errors ------------------------------------------------------------------------------------------------------------------ */

l_noret luaN_raise (lua_State *L, const char *kind) {
  luaN_kind = kind;
  luaG_errormsg(L);
}

/* how a value looks in an error text */
static void printed (lua_State *L, luaL_Buffer *b, const TValue *o) {
  char buff[64];
  switch (ttnov(o)) {
    case LUA_TNIL: luaL_addstring(b, "nil"); break;
    case LUA_TBOOLEAN: luaL_addstring(b, bvalue(o) ? "true" : "false"); break;
    case LUA_TSTRING:
      luaL_addchar(b, '\'');
      luaL_addlstring(b, svalue(o), vslen(o));
      luaL_addchar(b, '\'');
      break;
    case LUA_TNUMBER:
      if (ttisinteger(o)) luaL_addlstring(b, buff, (size_t)lua_integer2str(buff, sizeof(buff), ivalue(o)));
      else if (ttisfloat(o)) luaL_addlstring(b, buff, (size_t)luaN_fmtfloat(buff, fltvalue(o)));
      else {
        TString *ts = luaN_bigtext(L, o, 10);
        setsvalue2s(L, L->top, ts);
        api_incr_top(L);
        luaL_addvalue(b);
      }
      break;
    case LUA_TFUNCTION: {
      const char *name = luaN_fname(L, o, NULL);
      luaL_addstring(b, name ? name : "function");
      break;
    }
    default: luaL_addstring(b, luaT_objtypename(L, o));
  }
}

static l_noret raise2 (lua_State *L, const char *kind, const char *before, const char *between, const char *after,
                       const TValue *a, const TValue *b) {
  luaL_Buffer buff;
  TValue x, y;
  setobj(L, &x, a);
  if (b) { setobj(L, &y, b); }
  luaD_checkstack(L, LUA_MINSTACK);
  setobj2s(L, L->top, &x); L->top++;  /* keep them alive */
  if (b) { setobj2s(L, L->top, &y); L->top++; }
  if (L->ci->top < L->top + LUA_MINSTACK / 2) L->ci->top = L->top + LUA_MINSTACK / 2;
  luaL_buffinit(L, &buff);
  luaL_addstring(&buff, before);
  printed(L, &buff, &x);
  if (b) { luaL_addstring(&buff, between); printed(L, &buff, &y); }
  luaL_addstring(&buff, after);
  luaL_pushresult(&buff);
  luaN_raise(L, kind);
}

l_noret luaN_badarith (lua_State *L, const char *op, const TValue *a, const TValue *b) {
  char before[40];
  snprintf(before, sizeof(before), "bad arithmetic '%s' on ", op);
  luaN_hold = 0;
  raise2(L, "badarith", before, ",", "", a, b);
}

l_noret luaN_badop (lua_State *L, const char *op, const TValue *a, const TValue *b) {
  char after[40];
  snprintf(after, sizeof(after), " to '%s'", op);
  raise2(L, "badarg", "bad argument ", ",", after, a, b);
}

l_noret luaN_badindex (lua_State *L, const TValue *o, const TValue *key) {
  raise2(L, "illegal_index", "invalid index in ", ": ", "", o, key);
}

l_noret luaN_badkey (lua_State *L, const TValue *key) {
  raise2(L, "illegal_index", "invalid index in table: ", "", "", key, NULL);
}

l_noret luaN_badcall (lua_State *L, const TValue *o) {
  raise2(L, "undefined_function", "undefined function ", "", "", o, NULL);
}

l_noret luaN_badmethod (lua_State *L, const TValue *o, const TValue *name) {
  raise2(L, "undefined_method", "undefined method ", " in ", "", name, o);
}

l_noret luaN_badbreak (lua_State *L) {
  lua_pushliteral(L, "illegal op: 'break'");
  luaN_raise(L, "illegal_op");
}

l_noret luaN_nobinary (lua_State *L, int tm, const TValue *a, const TValue *b) {
  static const char *const ops[] = { "+", "-", "*", "%", "^", "/", "//", "&", "|", "~", "<<", ">>", "-", "~" };
  if (tm == TM_CONCAT) luaN_badop(L, "..", a, b);
  luaN_badarith(L, ops[tm - TM_ADD], a, tm == TM_UNM || tm == TM_BNOT ? NULL : b);
}

static l_noret badlist (lua_State *L, const char *fn, StkId first, int n) {
  luaL_Buffer buff;
  ptrdiff_t at = savestack(L, first);
  int i;
  luaD_checkstack(L, LUA_MINSTACK);
  if (L->ci->top < L->top + LUA_MINSTACK / 2) L->ci->top = L->top + LUA_MINSTACK / 2;
  luaL_buffinit(L, &buff);
  luaL_addstring(&buff, "bad argument ");
  for (i = 0; i < n; i++) {
    luaN_charge(L, 8);
    if (i > 0) luaL_addchar(&buff, ',');
    printed(L, &buff, restorestack(L, at) + i);
  }
  luaL_addstring(&buff, " to '");
  luaL_addstring(&buff, fn);
  luaL_addchar(&buff, '\'');
  luaL_pushresult(&buff);
  luaN_raise(L, "badarg");
}

l_noret luaN_badargs (lua_State *L, const char *fn, int n) { badlist(L, fn, L->ci->func + 1, n); }
l_noret luaN_badloop (lua_State *L, const TValue *init) { badlist(L, "loop", (StkId)init, 3); }

/* ---- comparison -------------------------------------------------------------------------------------------------------------- */

int luaN_strcmp (const TString *a, const TString *b) {
  size_t la = tsslen(a), lb = tsslen(b);
  int c = memcmp(getstr(a), getstr(b), la < lb ? la : lb);
  luaN_spend((la < lb ? la : lb) / 16);
  return c != 0 ? c : la < lb ? -1 : la > lb;
}

static int order (lua_State *L, const TValue *l, const TValue *r, int swapped, int le) {
  const TValue *tm;
  if (ttisnumber(l) && ttisnumber(r)) { int c = luaN_cmpnum(l, r); return le ? c <= 0 : c < 0; }
  if (ttisstring(l) && ttisstring(r)) luaN_charge(L, 0);
  if (ttisstring(l) && ttisstring(r)) { int c = luaN_strcmp(tsvalue(l), tsvalue(r)); return le ? c <= 0 : c < 0; }
  if (le) {
    tm = luaT_gettmbyobj(L, l, TM_LE);
    if (ttisnil(tm)) tm = luaT_gettmbyobj(L, r, TM_LE);
    if (!ttisnil(tm)) goto call;
    { const TValue *t = l; l = r; r = t; }  /* a <= b calls __lt(b, a), and its result is not negated */
  }
  tm = luaT_gettmbyobj(L, l, TM_LT);
  if (ttisnil(tm)) tm = luaT_gettmbyobj(L, r, TM_LT);
  if (ttisnil(tm)) {
    if (le) luaN_badop(L, swapped ? ">=" : "<=", r, l);
    luaN_badop(L, swapped ? ">" : "<", l, r);
  }
 call:
  luaT_callTM(L, tm, l, r, L->top, 1);
  return 2 | !l_isfalse(L->top);  /* the result itself is at L->top */
}

/* bit 0: the truth; bit 1: a handler gave it, its result is at L->top */
int luaN_less (lua_State *L, const TValue *l, const TValue *r, int swapped) { return order(L, l, r, swapped, 0); }
int luaN_lessequal (lua_State *L, const TValue *l, const TValue *r, int swapped) { return order(L, l, r, swapped, 1); }

static int rank (const TValue *k) {
  switch (ttnov(k)) {
    case LUA_TNUMBER: return 1;
    case LUA_TBOOLEAN: return 2;
    case LUA_TSTRING: return 4;
    default: return 3;
  }
}

/*
** The order of `next` behind the array part: integers from 1 up, other numbers, false, true, tables and functions in the order of
** their creation, strings bytewise.
*/
int luaN_keyorder (const TValue *a, const TValue *b) {
  int ra = rank(a), rb = rank(b);
  if (ra != rb) return ra - rb;
  switch (ra) {
    case 1: {
      int pa = ttisinteger(a) ? ivalue(a) >= 1 : ttisbig(a) && !bigvalue(a)->neg;
      int pb = ttisinteger(b) ? ivalue(b) >= 1 : ttisbig(b) && !bigvalue(b)->neg;
      if (pa != pb) return pa ? -1 : 1;
      return luaN_cmpnum(a, b);
    }
    case 2: return bvalue(a) - bvalue(b);
    case 4: return luaN_strcmp(tsvalue(a), tsvalue(b));
    default:
      if (ttistable(a) && ttistable(b)) return hvalue(a)->serial < hvalue(b)->serial ? -1 : hvalue(a)->serial > hvalue(b)->serial;
      if (ttistable(a) != ttistable(b)) return ttistable(a) ? -1 : 1;
      return (size_t)val_(a).p < (size_t)val_(b).p ? -1 : (size_t)val_(a).p > (size_t)val_(b).p;
  }
}

/* ---- numeric for ------------------------------------------------------------------------------------------------------------- */

static int looptest (StkId ra) {
  TValue zero;
  int sign;
  setivalue(&zero, 0);
  sign = luaN_cmpnum(ra + 2, &zero);
  return sign > 0 ? luaN_cmpnum(ra, ra + 1) <= 0 : sign < 0 ? luaN_cmpnum(ra, ra + 1) >= 0 : 0;
}

/* 1: enter the loop. The index keeps its own type, it is not made a float because the step is one */
int luaN_forprep (lua_State *L, StkId ra) {
  int i;
  TValue v[3];
  for (i = 0; i < 3; i++) {
    if (ttisnumber(ra + i)) { setobj(L, &v[i], ra + i); }
    else if (!ttisstring(ra + i) || luaN_str2num(svalue(ra + i), vslen(ra + i), &v[i]) == 0) luaN_badloop(L, ra);
  }
  for (i = 0; i < 3; i++) setobj2s(L, ra + i, &v[i]);
  if (!looptest(ra)) return 0;
  setobj2s(L, ra + 3, ra);
  return 1;
}

int luaN_forloop (lua_State *L, StkId ra) {
  ptrdiff_t at = savestack(L, ra);
  luaN_arith(L, LUA_OPADD, ra, ra + 2, ra);
  ra = restorestack(L, at);
  if (!looptest(ra)) return 0;
  setobj2s(L, ra + 3, ra);
  return 1;
}
