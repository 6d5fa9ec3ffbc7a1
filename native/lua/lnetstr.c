/*
** lnetstr.c -- the `string` library of the dialect: patterns with Latin-1 classes and without %f and back references, a `format` that
** rounds half away from zero and never prints more than it was asked for, and arguments printed in full when they don't fit.
*/
#define LUA_CORE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua.h"
#include "lauxlib.h"
#include "lapi.h"
#include "lgc.h"
#include "lobject.h"
#include "lstate.h"
#include "lstring.h"
#include "lvm.h"
#include "lnet.h"
#include "lnetlib.h"

typedef unsigned char uchar;

#define arg(i) luaN_arg(L, i)
#define nargs() lua_gettop(L)
#define bad(fn) luaN_badargs(L, fn, nargs())

static int istext (lua_State *L, int i) { int t = lua_type(L, i); return t == LUA_TSTRING || t == LUA_TNUMBER; }

/* text of an argument that is text or a number; the argument itself stays what it is, for error texts */
static const char *text (lua_State *L, int i, size_t *n) {
  if (lua_type(L, i) == LUA_TSTRING) return lua_tolstring(L, i, n);
  lua_pushvalue(L, i);
  return lua_tolstring(L, -1, n);
}

/* ---- simple functions -------------------------------------------------------------------------------------------------------- */

static int isupper1 (int c) { return (c >= 'A' && c <= 'Z') || (c >= 192 && c <= 223 && c != 215); }
static int islower1 (int c) { return (c >= 'a' && c <= 'z') || (c >= 224 && c != 247); }

static int s_byte (lua_State *L) {
  lua_Integer i = 1, j, k;
  size_t n;
  const char *s;
  int top = nargs();
  if (!istext(L, 1) || (top >= 2 && !luaN_argint(L, 2, &i))) bad("byte");
  j = i;
  if (top >= 3 && !luaN_argint(L, 3, &j)) bad("byte");
  s = text(L, 1, &n);
  if (i < 0) { i += (lua_Integer)n + 1; if (top < 3) j = i; }
  if (j < 0) j += (lua_Integer)n + 1;
  if (i < 1) i = 1;
  if (j > (lua_Integer)n) j = (lua_Integer)n;
  if (i > j) { lua_pushnil(L); return 1; }
  if (j - i >= 1000000 || !lua_checkstack(L, (int)(j - i) + 2)) luaN_abort(L, LUAN_DEPTH, "too many results");
  luaN_charge(L, (j - i) / 8);
  for (k = i; k <= j; k++) lua_pushinteger(L, (uchar)s[k - 1]);
  return (int)(j - i) + 1;
}

static int s_char (lua_State *L) {
  int n = nargs(), i;
  luaL_Buffer b;
  lua_Integer c;
  if (n == 1 && lua_isnil(L, 1)) { lua_pushliteral(L, ""); return 1; }
  for (i = 1; i <= n; i++) if (!luaN_argint(L, i, &c)) bad("char");
  luaL_buffinit(L, &b);
  for (i = 1; i <= n; i++) {
    luaN_argint(L, i, &c);
    if (c < 0 || c > 255) luaN_crash(L, "badarg");
    luaL_addchar(&b, (char)c);
  }
  luaL_pushresult(&b);
  return 1;
}

static int s_dump (lua_State *L) { bad("dump"); }
static int s_gmatch (lua_State *L) { bad("gmatch"); }

static int s_len (lua_State *L) {
  size_t n;
  if (!istext(L, 1)) bad("len");
  text(L, 1, &n);
  lua_pushinteger(L, (lua_Integer)n);
  return 1;
}

static int mapped (lua_State *L, const char *fn, int (*f) (int)) {
  size_t n, i;
  const char *s;
  char *p;
  luaL_Buffer b;
  if (!istext(L, 1)) bad(fn);
  s = text(L, 1, &n);
  luaN_charge(L, n / 16);
  p = luaL_buffinitsize(L, &b, n);
  for (i = 0; i < n; i++) p[i] = (char)f((uchar)s[i]);
  luaL_pushresultsize(&b, n);
  return 1;
}

static int lower1 (int c) { return isupper1(c) && c != 223 ? c + 32 : c; }
static int upper1 (int c) { return islower1(c) && c != 255 ? c - 32 : c; }
static int s_lower (lua_State *L) { return mapped(L, "lower", lower1); }
static int s_upper (lua_State *L) { return mapped(L, "upper", upper1); }

static int s_rep (lua_State *L) {
  lua_Integer n;
  size_t l, ls = 0, total;
  const char *s, *sep = "";
  char *p;
  luaL_Buffer b;
  if (nargs() == 2) lua_pushliteral(L, "");  /* the default shows in error texts */
  if (nargs() < 3 || !istext(L, 1) || !luaN_argint(L, 2, &n) || !istext(L, 3)) bad("rep");
  s = text(L, 1, &l);
  sep = text(L, 3, &ls);
  if (n <= 0 || l + ls == 0) { lua_pushliteral(L, ""); return 1; }
  if (l + ls < l || (l + ls) > 0x7fffffffu / (size_t)(n > 0x7fffffff ? 0x7fffffff : n)) luaN_abort(L, LUAN_MEMORY, "not enough memory");
  total = (size_t)n * l + (size_t)(n - 1) * ls;
  luaN_charge(L, total / 32 + n / 8);
  p = luaL_buffinitsize(L, &b, total);
  while (n-- > 1) {
    memcpy(p, s, l);
    p += l;
    memcpy(p, sep, ls);
    p += ls;
  }
  memcpy(p, s, l);
  luaL_pushresultsize(&b, total);
  return 1;
}

static int s_reverse (lua_State *L) {
  size_t n, i;
  const char *s;
  char *p;
  luaL_Buffer b;
  if (!istext(L, 1)) bad("reverse");
  s = text(L, 1, &n);
  luaN_charge(L, n / 16);
  p = luaL_buffinitsize(L, &b, n);
  for (i = 0; i < n; i++) p[i] = s[n - 1 - i];
  luaL_pushresultsize(&b, n);
  return 1;
}

static int s_sub (lua_State *L) {
  lua_Integer i, j = -1;
  size_t n;
  const char *s;
  if (!istext(L, 1) || !luaN_argint(L, 2, &i) || (nargs() >= 3 && !luaN_argint(L, 3, &j))) bad("sub");
  s = text(L, 1, &n);
  if (i < 0) { i += (lua_Integer)n + 1; }
  if (i < 1) i = 1;
  if (j < 0) j += (lua_Integer)n + 1;
  if (j > (lua_Integer)n) j = (lua_Integer)n;
  if (i > j) lua_pushliteral(L, "");
  else lua_pushlstring(L, s + i - 1, (size_t)(j - i) + 1);
  return 1;
}

/* ---- patterns ---------------------------------------------------------------------------------------------------------------- */

#define MAXCAPTURES 64
#define POSITION (-2)
#define OPEN (-1)
#define MAXNESTING 200

typedef struct Match {
  lua_State *L;
  const uchar *s, *end;      /* subject */
  const uchar *pend;         /* end of the pattern */
  int level, depth;
  struct { const uchar *s; ptrdiff_t n; } capture[MAXCAPTURES];
} Match;

static int isalpha1 (int c) { return isupper1(c) || islower1(c); }
static int isdigit1 (int c) { return c >= '0' && c <= '9'; }

static int isclass (int c, int cl) {
  int r;
  switch (cl | 32) {
    case 'a': r = isalpha1(c); break;
    case 'c': r = c < 32 || (c >= 128 && c < 160); break;
    case 'd': r = isdigit1(c); break;
    case 'g': r = (c > 32 && c < 127) || c > 160; break;
    case 'l': r = islower1(c); break;
    case 'p':
      r = (c >= 33 && c <= 47) || (c >= 58 && c <= 63) || (c >= 91 && c <= 96) || c == 126 || (c >= 161 && c <= 191) || c == 215 ||
          c == 247;
      break;
    case 's': r = (c >= 9 && c <= 13) || c == 32 || c == 160; break;
    case 'u': r = isupper1(c); break;
    case 'w': r = isalpha1(c) || isdigit1(c); break;
    case 'x': r = isdigit1(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); break;
    case 'z': r = c == 0; break;
    default: return c == cl;
  }
  return cl & 32 ? r : !r;
}

static int knownclass (int c) { return c != 0 && strchr("acdglpsuwxzACDGLPSUWXZ", c) != NULL; }

static l_noret malformed (lua_State *L, const char *kind, const char *detail, int c) {
  if (detail == NULL) lua_pushliteral(L, "malformed pattern");
  else lua_pushfstring(L, detail, c);
  luaN_raise(L, kind);
}

/* after '%' : checks the class letter */
static void checkclass (lua_State *L, int c) {
  if ((isdigit1(c) || (c < 128 && isalpha1(c))) && !knownclass(c)) malformed(L, "invalid_char_class", "malformed pattern (class %c)", c);
}

/* the reference compiles a pattern before it matches, so all errors come first */
static void checkpattern (lua_State *L, const uchar *p, const uchar *e) {
  int open = 0, count = 0;
  if (p < e && *p == '^') p++;
  luaN_charge(L, (e - p) / 8 + 1);
  while (p < e) {
    int c = *p++;
    switch (c) {
      case '(':
        if (++count > MAXCAPTURES - 1) malformed(L, "invalid_capture", NULL, 0);
        if (p < e && *p == ')') p++;
        else open++;
        break;
      case ')':
        if (open-- == 0) malformed(L, "invalid_capture", NULL, 0);
        break;
      case '%':
        if (p == e) malformed(L, "invalid_pattern", NULL, 0);
        c = *p++;
        if (c == 'b') {
          if (e - p < 2) malformed(L, "invalid_pattern", NULL, 0);
          p += 2;
        }
        else if (c == 'f') malformed(L, "invalid_pattern", NULL, 0);
        else checkclass(L, c);
        break;
      case '[': {
        int first = 1;
        if (p < e && *p == '^') p++;
        for (;; first = 0) {
          if (p >= e) malformed(L, "invalid_char_set", "malformed pattern (missing ']')", 0);
          if (*p == ']' && !first) { p++; break; }
          if (*p == '%') {
            if (++p >= e) malformed(L, "invalid_char_set", "malformed pattern (missing ']')", 0);
            checkclass(L, *p);
          }
          p++;
        }
        break;
      }
    }
  }
  if (open > 0) malformed(L, "invalid_capture", NULL, 0);
}

/* end of the single-character item that starts at p (the pattern has been checked) */
static const uchar *itemend (const Match *m, const uchar *p) {
  const uchar *start;
  if (*p == '%') return p + 2;
  if (*p != '[') return p + 1;
  p++;
  if (*p == '^') p++;
  start = p;
  do {
    if (*p == '%') p++;
    p++;
  } while (p < m->pend && *p != ']');
  luaN_spend((p - start) / 4);
  return p + 1;
}

static int matchset (int c, const uchar *p, const uchar *last) {  /* last: the ']' */
  int yes = 1;
  p++;
  if (*p == '^') { yes = 0; p++; }
  while (p < last) {
    if (*p == '%') { p++; if (isclass(c, *p)) return yes; p++; }
    else if (p + 2 < last && p[1] == '-') { if (p[0] <= c && c <= p[2]) return yes; p += 3; }
    else { if (*p == c) return yes; p++; }
  }
  return !yes;
}

static int single (const Match *m, const uchar *s, const uchar *p, const uchar *pe) {
  if (s >= m->end) return 0;
  switch (*p) {
    case '.': return 1;
    case '%': return isclass(*s, p[1]);
    case '[':
      luaN_charge(m->L, (pe - p) / 4);
      return matchset(*s, p, pe - 1);
    default: return *p == *s;
  }
}

static const uchar *domatch (Match *m, const uchar *s, const uchar *p) {
  lua_State *L = m->L;
  if (m->depth-- == 0) luaN_abort(L, LUAN_DEPTH, "pattern too complex");
  for (;;) {
    const uchar *pe;
    luaN_charge(L, 1);
    if (p == m->pend) break;
    if (*p == '(') {
      const uchar *r;
      int pos = p + 1 < m->pend && p[1] == ')';
      m->capture[m->level].s = s;
      m->capture[m->level].n = pos ? POSITION : OPEN;
      m->level++;
      r = domatch(m, s, p + (pos ? 2 : 1));
      if (r == NULL) m->level--;
      s = r;
      break;
    }
    if (*p == ')') {
      const uchar *r;
      int l = m->level;
      while (m->capture[--l].n != OPEN) ;
      m->capture[l].n = s - m->capture[l].s;
      r = domatch(m, s, p + 1);
      if (r == NULL) m->capture[l].n = OPEN;
      s = r;
      break;
    }
    if (*p == '$' && p + 1 == m->pend) { if (s != m->end) s = NULL; break; }
    if (*p == '%' && p[1] == 'b') {
      int b = p[2], e = p[3], depth = 1;
      const uchar *q = s;
      if (q >= m->end || *q != b) { s = NULL; break; }
      while (++q < m->end) {
        if (*q == e) { if (--depth == 0) break; }
        else if (*q == b) depth++;
      }
      luaN_charge(L, (q - s) / 4);
      if (q >= m->end) { s = NULL; break; }
      s = q + 1;
      p += 4;
      continue;
    }
    pe = itemend(m, p);
    switch (pe < m->pend ? *pe : 0) {
      case '?': {
        const uchar *r;
        if (single(m, s, p, pe) && (r = domatch(m, s + 1, pe + 1)) != NULL) { s = r; goto done; }
        p = pe + 1;
        continue;
      }
      case '*': case '+': {
        ptrdiff_t i = 0, least = *pe == '+';
        const uchar *r = NULL;
        while (single(m, s + i, p, pe)) i++;
        luaN_charge(L, i / 4);
        if (pe + 1 == m->pend) { s = i >= least ? s + i : NULL; goto done; }
        for (; i >= least; i--)
          if ((r = domatch(m, s + i, pe + 1)) != NULL) break;
        s = i >= least ? r : NULL;
        goto done;
      }
      case '-': {
        const uchar *r;
        for (;;) {
          if ((r = domatch(m, s, pe + 1)) != NULL) { s = r; goto done; }
          if (!single(m, s, p, pe)) { s = NULL; goto done; }
          s++;
        }
      }
      default:
        if (!single(m, s, p, pe)) { s = NULL; goto done; }
        s++;
        p = pe;
    }
  }
 done:
  m->depth++;
  return s;
}

static void pushcapture (Match *m, int i, const uchar *s, const uchar *e) {
  if (i >= m->level) lua_pushlstring(m->L, (const char *)s, (size_t)(e - s));  /* the whole match */
  else if (m->capture[i].n == POSITION) lua_pushinteger(m->L, m->capture[i].s - m->s + 1);
  else lua_pushlstring(m->L, (const char *)m->capture[i].s, (size_t)m->capture[i].n);
}

static int pushcaptures (Match *m, const uchar *s, const uchar *e, int whole) {
  int n = m->level == 0 && whole ? 1 : m->level, i;
  luaL_checkstack(m->L, n, NULL);
  for (i = 0; i < n; i++) pushcapture(m, i, s, e);
  return n;
}

static void prepare (Match *m, lua_State *L, const uchar *s, size_t ls, const uchar *p, size_t lp) {
  m->L = L;
  m->s = s;
  m->end = s + ls;
  m->pend = p + lp;
  m->depth = MAXNESTING;
}

static int search (lua_State *L, int find) {
  const char *fn = find ? "find" : "match";
  size_t ls, lp;
  const uchar *s, *p, *at;
  lua_Integer init;
  Match m;
  int anchor;
  if (nargs() == 2) lua_pushnumber(L, 1);
  if (find && nargs() == 3) lua_pushnil(L);
  if (nargs() < 3 || !istext(L, 1) || !istext(L, 2) || !luaN_argint(L, 3, &init)) bad(fn);
  s = (const uchar *)text(L, 1, &ls);
  p = (const uchar *)text(L, 2, &lp);
  if (init < 0) { init += (lua_Integer)ls + 1; }
  if (init < 1) init = 1;
  if (find && lua_toboolean(L, 4)) {
    lua_Integer i;
    if (init > (lua_Integer)ls + 1) { lua_pushnil(L); return 1; }
    luaN_charge(L, ls / 8);
    for (i = init - 1; i + (lua_Integer)lp <= (lua_Integer)ls; i++) {
      const uchar *q = lp == 0 ? s + i : (const uchar *)memchr(s + i, p[0], (size_t)(ls - lp - (size_t)i) + 1);
      if (q == NULL) break;
      i = q - s;
      luaN_charge(L, lp / 16 + 1);
      if (memcmp(q, p, lp) == 0) {
        lua_pushinteger(L, i + 1);
        lua_pushinteger(L, i + (lua_Integer)lp);
        return 2;
      }
    }
    lua_pushnil(L);
    return 1;
  }
  checkpattern(L, p, p + lp);
  if (init > (lua_Integer)ls + (find ? 1 : 0)) { lua_pushnil(L); return 1; }
  prepare(&m, L, s, ls, p, lp);
  anchor = lp > 0 && *p == '^';
  at = s + init - 1;
  if (!find) m.s = at;  /* positions count from where the match may begin */
  do {
    const uchar *e;
    m.level = 0;
    if ((e = domatch(&m, at, p + anchor)) != NULL) {
      if (!find) return pushcaptures(&m, at, e, 1);
      lua_pushinteger(L, at - s + 1);
      lua_pushinteger(L, e - s);
      return pushcaptures(&m, at, e, 0) + 2;
    }
  } while (at++ < m.end && !anchor);
  lua_pushnil(L);
  return 1;
}

static int s_find (lua_State *L) { return search(L, 1); }
static int s_match (lua_State *L) { return search(L, 0); }

static l_noret badcapture (lua_State *L, int n) {
  lua_pushfstring(L, "invalid index in 'capture': %d", n);
  luaN_raise(L, "illegal_index");
}

static int s_gsub (lua_State *L) {
  size_t ls, lp;
  const uchar *s, *p;
  Match m;
  int anchor, type, top = nargs();
  lua_Integer max = LUA_MAXINTEGER, count = 0;
  luaL_Buffer b;
  if (top < 3 || !istext(L, 1) || !istext(L, 2)) bad("gsub");
  if (top >= 4 && (!luaN_argint(L, 4, &max) || max < 1)) bad("gsub");
  type = lua_type(L, 3);
  if (type == LUA_TUSERDATA || type == LUA_TTHREAD || type == LUA_TLIGHTUSERDATA) bad("gsub");
  s = (const uchar *)text(L, 1, &ls);
  p = (const uchar *)text(L, 2, &lp);
  checkpattern(L, p, p + lp);
  prepare(&m, L, s, ls, p, lp);
  anchor = lp > 0 && *p == '^';
  luaL_buffinit(L, &b);
  while (count < max) {
    const uchar *e;
    m.level = 0;
    luaN_charge(L, 1);
    e = domatch(&m, s, p + anchor);
    if (e != NULL) {
      count++;
      switch (type) {
        case LUA_TNIL: case LUA_TBOOLEAN: break;
        case LUA_TSTRING: case LUA_TNUMBER: {
          size_t l, i;
          const char *r;
          lua_pushvalue(L, 3);
          r = lua_tolstring(L, -1, &l);
          lua_replace(L, 3);  /* a number becomes its text once */
          for (i = 0; i < l; i++) {
            if (r[i] != '%' || i + 1 == l) luaL_addchar(&b, r[i]);
            else if (r[i + 1] == '%') { luaL_addchar(&b, '%'); i++; }
            else if (!isdigit1((uchar)r[i + 1])) luaL_addchar(&b, '%');
            else {
              int k = r[++i] - '0';
              if (k == 0) luaL_addlstring(&b, (const char *)s, (size_t)(e - s));
              else if (k > m.level) badcapture(L, k);
              else { pushcapture(&m, k - 1, s, e); luaL_addvalue(&b); }
            }
          }
          break;
        }
        default: {
          if (type == LUA_TTABLE) {
            pushcapture(&m, 0, s, e);
            lua_gettable(L, 3);
          }
          else {
            int n;
            lua_pushvalue(L, 3);
            n = pushcaptures(&m, s, e, 1);
            lua_call(L, n, 1);
          }
          if (istext(L, -1)) luaL_addvalue(&b);
          else { lua_pop(L, 1); luaL_addlstring(&b, (const char *)s, (size_t)(e - s)); }
        }
      }
    }
    if (e != NULL && e > s) s = e;
    else if (s < m.end) { luaL_addchar(&b, (char)*s); s++; }
    else break;
    if (anchor) break;
  }
  luaL_addlstring(&b, (const char *)s, (size_t)(m.end - s));
  luaL_pushresult(&b);
  lua_pushinteger(L, count);
  return 2;
}

/* ---- format ------------------------------------------------------------------------------------------------------------------ */

typedef struct Spec { int left, plus, space, zero; int width, precision; } Spec;

/* adds one to a decimal number that is text ("9.99" -> "10.00"); the text may grow by one at the front */
static void increment (char *s) {
  int i = (int)strlen(s) - 1;
  for (; i >= 0; i--) {
    if (s[i] == '.') continue;
    if (s[i] != '9') { s[i]++; return; }
    s[i] = '0';
  }
  memmove(s + 1, s, strlen(s) + 1);
  s[0] = '1';
}

/* x >= 0 with `p` > 0 digits after the point, ties away from zero */
static void fixed (char *out, lua_Number x, int p) {
  lua_Number scaled = p < 1070 ? ldexp(x, p + 1) : 0;
  if (scaled < 9007199254740992.0 && floor(scaled) == scaled && fmod(scaled, 2) == 1) {  /* exactly halfway */
    int n = sprintf(out, "%.*f", p + 1, x);
    out[n - 1] = '\0';  /* the final 5 */
    increment(out);
  }
  else sprintf(out, "%.*f", p, x);
}

/* x >= 0 as d.ddde+x with `p` > 0 digits after the point */
static void scientific (char *out, lua_Number x, int p) {
  char digits[1200];
  int e = 0, i, n;
  if (x == 0) { memset(digits, '0', (size_t)p + 1); digits[p + 1] = '\0'; }
  else {
    char *ep;
    /* enough digits to see a tie; all of them when it looks like one */
    n = p + 30;
    for (;;) {
      int tie;
      sprintf(digits, "%.*e", n, x);
      ep = strchr(digits, 'e');
      e = atoi(ep + 1);
      *ep = '\0';
      memmove(digits + 1, digits + 2, strlen(digits + 2) + 1);  /* drop the point */
      tie = digits[p + 1] == '5';
      for (i = p + 2; tie && digits[i]; i++) if (digits[i] != '0') tie = 0;
      if (!tie || n >= 1100) break;
      n = 1100;
    }
    {
      int up = digits[p + 1] >= '5';
      digits[p + 1] = '\0';
      if (up) {
        increment(digits);
        if ((int)strlen(digits) > p + 1) { digits[p + 1] = '\0'; e++; }
      }
    }
  }
  sprintf(out, "%c.%se%s%d", digits[0], digits + 1, e < 0 ? "-" : "+", e < 0 ? -e : e);
}

/* adds sign and body, filled up to the width */
static void pad (luaL_Buffer *b, const Spec *f, const char *sign, const char *s, size_t n) {
  size_t ls = strlen(sign), total = ls + n, fill = f->width > 0 && total < (size_t)f->width ? (size_t)f->width - total : 0;
  luaN_spend(fill / 2);
  if (!f->left && !f->zero) while (fill > 0) { luaL_addchar(b, ' '); fill--; }
  luaL_addlstring(b, sign, ls);
  if (!f->left) while (fill > 0) { luaL_addchar(b, '0'); fill--; }
  luaL_addlstring(b, s, n);
  while (fill > 0) { luaL_addchar(b, ' '); fill--; }
}

static const char *signof (const Spec *f, int neg) { return neg ? "-" : f->plus ? "+" : f->space ? " " : ""; }

/* pushes the formatted integer; 0 when the argument is not one */
static int integral (lua_State *L, int i, int base, Spec f, int upper, int wrap) {
  TValue v;
  const char *s;
  size_t n, k;
  int neg;
  if (i > nargs()) return 0;
  luaL_checkstack(L, 6, NULL);
  if (!luaN_tobigint(L, arg(i), &v)) return 0;
  luaN_pushint(L, &v);
  if (wrap && ((ttisinteger(&v) && ivalue(&v) < 0) || (ttisbig(&v) && bigvalue(&v)->neg))) {
    lua_pushinteger(L, 1);
    lua_pushinteger(L, 64);
    lua_arith(L, LUA_OPSHL);
    lua_arith(L, LUA_OPADD);
  }
  {
    TString *ts = luaN_bigtext(L, L->top - 1, base);
    setsvalue2s(L, L->top - 1, ts);
  }
  s = lua_tolstring(L, -1, &n);
  neg = *s == '-';
  if (neg) { s++; n--; }
  {
    luaL_Buffer t;
    Spec plain = f;
    luaL_buffinit(L, &t);
    if (f.precision >= 0) plain.zero = 0;
    { size_t zeros = f.precision > (int)n ? (size_t)f.precision - n : 0; for (k = 0; k < zeros; k++) luaL_addchar(&t, '0'); }
    for (k = 0; k < n; k++) luaL_addchar(&t, upper && s[k] >= 'a' ? s[k] - 32 : s[k]);
    luaL_pushresult(&t);
    {
      luaL_Buffer u;
      const char *body = lua_tolstring(L, -1, &n);
      luaL_buffinit(L, &u);
      pad(&u, &plain, signof(&f, neg), body, n);
      luaL_pushresult(&u);
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
  }
  return 1;
}

static int floating (lua_State *L, int i, int conv, const Spec *f) {
  char out[1600];
  lua_Number x;
  int neg, p = f->precision;
  if (p == 0 || p > 300 || !luaN_argflt(L, i, &x)) return 0;
  if (p < 0) p = 6;
  neg = signbit(x);
  x = fabs(x);
  luaN_charge(L, 60);
  switch (conv) {
    case 'f': fixed(out, x, p); break;
    case 'e': scientific(out, x, p); break;
    default: {  /* g: as many digits as asked for, in one form or the other */
      int e = x < 0.1 ? -2 : x < 1 ? -1 : x < 10 ? 0 : x < 100 ? 1 : x < 1000 ? 2 : x < 10000 ? 3 : -2;
      if ((p <= 1 && e == -1) || (e >= -1 && p - 1 > e)) fixed(out, x, p - 1 - e);
      else scientific(out, x, p <= 1 ? 1 : p - 1);
    }
  }
  luaL_checkstack(L, 4, NULL);
  {
    luaL_Buffer u;
    luaL_buffinit(L, &u);
    pad(&u, f, signof(f, neg), out, strlen(out));
    luaL_pushresult(&u);
  }
  return 1;
}

/* pushes what `tostring` gives, as text */
static void pushtostring (lua_State *L, int i) {
  lua_pushvalue(L, i);
  if (luaL_getmetafield(L, -1, "__tostring") != LUA_TNIL) {
    if (!lua_isfunction(L, -1)) luaN_crash(L, "function_clause");
    lua_insert(L, -2);
    lua_call(L, 1, 1);
  }
  luaN_pushtext(L, L->top - 1);
  lua_remove(L, -2);
}

static void quoted (luaL_Buffer *b, const char *s, size_t n) {
  size_t i;
  luaL_addchar(b, '"');
  for (i = 0; i < n; i++) {
    uchar c = (uchar)s[i];
    if (c == '"' || c == '\\' || c == '\n') { luaL_addchar(b, '\\'); luaL_addchar(b, (char)c); }
    else if (c < 32 && c != '\r' && c != '\t') {
      char t[8];
      sprintf(t, i + 1 < n && isdigit1((uchar)s[i + 1]) ? "\\%03d" : "\\%d", c);
      luaL_addstring(b, t);
    }
    else luaL_addchar(b, (char)c);
  }
  luaL_addchar(b, '"');
}

static int s_format (lua_State *L) {
  size_t n;
  const uchar *p, *e;
  int top = nargs(), next = 1;
  luaL_Buffer b;
  if (!istext(L, 1)) bad("format");
  p = (const uchar *)text(L, 1, &n);
  e = p + n;
  lua_settop(L, nargs());
  luaL_buffinit(L, &b);
#define FAIL() luaN_badargs(L, "format", top)
  while (p < e) {
    luaN_charge(L, 1);
    Spec f = { 0, 0, 0, 0, 0, -1 };
    int c = *p++, ok = 1;
    if (c == '\\' && p < e) { c = *p++; goto plain; }
    if (c == '\\') continue;
    if (c != '%') {
     plain:
      if (c < 128) luaL_addchar(&b, (char)c);
      else { luaL_addchar(&b, (char)(0xc0 | c >> 6)); luaL_addchar(&b, (char)(0x80 | (c & 0x3f))); }
      continue;
    }
    if (p < e && *p == '%') { luaL_addchar(&b, '%'); p++; continue; }
    for (; p < e; p++) {
      if (*p == '-') f.left = 1;
      else if (*p == '+') f.plus = 1;
      else if (*p == ' ') f.space = 1;
      else if (*p == '0') f.zero = 1;
      else if (*p != '#') break;
    }
    for (; p < e && isdigit1(*p); p++) if ((f.width = f.width * 10 + *p - '0') > 100000) FAIL();
    if (p < e && *p == '.') {
      p++;
      if (p < e && isdigit1(*p)) for (f.precision = 0; p < e && isdigit1(*p); p++) if ((f.precision = f.precision * 10 + *p - '0') > 100000) FAIL();
    }
    if (p == e) FAIL();
    c = *p++;
    next++;
    switch (c) {
      case 'd': case 'i': ok = next <= top && integral(L, next, 10, f, 0, 0); break;
      case 'u': ok = next <= top && integral(L, next, 10, f, 0, 1); break;
      case 'x': case 'X': ok = next <= top && integral(L, next, 16, f, c == 'X', 0); break;
      case 'o': ok = next <= top && integral(L, next, 8, f, 0, 0); break;
      case 'f': case 'F': ok = next <= top && floating(L, next, 'f', &f); break;
      case 'e': case 'E': ok = next <= top && floating(L, next, 'e', &f); break;
      case 'g': case 'G': ok = next <= top && floating(L, next, 'g', &f); break;
      case 'c': {
        lua_Integer code;
        char s[4];
        luaL_Buffer u;
        if (next > top || !luaN_argint(L, next, &code) || code < 0 || code > 0x10ffff) FAIL();
        luaL_buffinit(L, &u);
        f.zero = 0;
        if (code >= 128 && f.width > 0) f.width += luaN_utf8(s, (unsigned int)code) - 1;
        pad(&u, &f, "", s, (size_t)luaN_utf8(s, (unsigned int)code));
        luaL_pushresult(&u);
        break;
      }
      case 's': case 'q': {
        size_t l;
        const char *s;
        luaL_Buffer u;
        if (next > top) FAIL();
        pushtostring(L, next);
        s = lua_tolstring(L, -1, &l);
        luaL_buffinit(L, &u);
        if (c == 'q') quoted(&u, s, l);
        else {
          if (f.precision >= 0 && l > (size_t)f.precision) l = (size_t)f.precision;
          pad(&u, &f, "", s, l);
        }
        luaL_pushresult(&u);
        lua_remove(L, -2);
        break;
      }
      default: ok = 0;
    }
    if (!ok) FAIL();
    luaL_addvalue(&b);
  }
  luaL_pushresult(&b);
  return 1;
}

static const luaL_Reg stringlib[] = {
  {"byte", s_byte}, {"char", s_char}, {"dump", s_dump}, {"find", s_find}, {"format", s_format}, {"gmatch", s_gmatch},
  {"gsub", s_gsub}, {"len", s_len}, {"lower", s_lower}, {"match", s_match}, {"rep", s_rep}, {"reverse", s_reverse},
  {"sub", s_sub}, {"upper", s_upper}, {NULL, NULL}
};

void luaN_openstring (lua_State *L) {
  const luaL_Reg *l;
  lua_newtable(L);
  for (l = stringlib; l->name; l++) {
    luaN_pushnamed(L, "luerl_lib_string", l->name, l->func, 0);
    lua_setfield(L, -2, l->name);
  }
  lua_pushvalue(L, -1);
  lua_setglobal(L, "string");
  lua_pushliteral(L, "");
  lua_newtable(L);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_settop(L, 0);
}
