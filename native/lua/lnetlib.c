/*
** lnetlib.c -- the libraries of the dialect except `string` (lnetstr.c): basic, table, math, bit32, os, utf8, debug, io, package.
**
** They differ from PUC-Lua's in their error texts (all arguments are printed), in what they convert (text becomes floats), in a few
** results, and in that some misuse fails the whole call ("crash") because the reference's host language fails there.
*/
#define LUA_CORE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua.h"
#include "lauxlib.h"
#include "lualib.h"
#include "lapi.h"
#include "ldo.h"
#include "lgc.h"
#include "lobject.h"
#include "lstate.h"
#include "lstring.h"
#include "ltable.h"
#include "lvm.h"
#include "lnet.h"
#include "lnetlib.h"
#include "lcalendar.h"

/* ---- names of library functions ---------------------------------------------------------------------------------------------- */

static char namesKey;

void luaN_pushnamed (lua_State *L, const char *module, const char *name, lua_CFunction f, int nup) {
  lua_pushcclosure(L, f, nup);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &namesKey) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &namesKey);
  }
  lua_pushvalue(L, -2);
  lua_pushfstring(L, "%s:%s", module, name);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

/* name of a library function, NULL for others; `module` gets "module:name" */
const char *luaN_fname (lua_State *L, const TValue *f, const char **module) {
  const TValue *names, *s;
  TValue k;
  const char *text, *colon;
  if (!ttislcf(f) && !ttisCclosure(f)) return NULL;
  setpvalue(&k, &namesKey);
  names = luaH_get(hvalue(&G(L)->l_registry), &k);
  if (!ttistable(names)) return NULL;
  s = luaH_get(hvalue(names), f);
  if (!ttisstring(s)) return NULL;
  text = svalue(s);
  if (module) *module = text;
  colon = strchr(text, ':');
  return colon ? colon + 1 : text;
}

static void setlib (lua_State *L, const char *module, const luaL_Reg *l) {
  for (; l->name; l++) {
    luaN_pushnamed(L, module, l->name, l->func, 0);
    lua_setfield(L, -2, l->name);
  }
}

/* ---- arguments --------------------------------------------------------------------------------------------------------------- */

TValue *luaN_arg (lua_State *L, int i) { return L->ci->func + i; }
#define arg(i) luaN_arg(L, i)
#define nargs() lua_gettop(L)

int luaN_argnum (lua_State *L, int i, TValue *v) {
  TValue *o = arg(i);
  if (i > nargs()) return 0;
  if (ttisnumber(o)) { setobj(L, v, o); return 1; }
  return ttisstring(o) && luaN_str2num(svalue(o), vslen(o), v) != 0;
}

/* an integral number that fits in 64 bits */
int luaN_argint (lua_State *L, int i, lua_Integer *n) {
  TValue v;
  if (!luaN_argnum(L, i, &v)) return 0;
  if (ttisinteger(&v)) { *n = ivalue(&v); return 1; }
  return ttisfloat(&v) && floor(fltvalue(&v)) == fltvalue(&v) && lua_numbertointeger(fltvalue(&v), n);
}

int luaN_argflt (lua_State *L, int i, lua_Number *n) {
  TValue v;
  int ok = 1;
  if (!luaN_argnum(L, i, &v)) return 0;
  *n = ttisfloat(&v) ? fltvalue(&v) : ttisinteger(&v) ? (lua_Number)ivalue(&v) : luaN_big2float(bigvalue(&v), &ok);
  if (!ok) luaN_crash(L, "badarith");
  return 1;
}

#define argnum(i,v) luaN_argnum(L, i, v)
#define argint(i,n) luaN_argint(L, i, n)
#define argflt(i,n) luaN_argflt(L, i, n)
#define bad(fn) luaN_badargs(L, fn, nargs())

static void pushval (lua_State *L, const TValue *o) { luaN_pushint(L, o); }

static int finite1 (lua_State *L, lua_Number x) {
  if (!isfinite(x)) luaN_crash(L, "badarith");
  lua_pushnumber(L, x);
  return 1;
}

/* ---- basic ------------------------------------------------------------------------------------------------------------------- */

void luaN_errtext (lua_State *L) {
  luaN_pushtext(L, L->top - 1);
  lua_remove(L, -2);
}

static int b_assert (lua_State *L) {
  if (lua_toboolean(L, 1)) return nargs();
  if (nargs() < 2) lua_pushliteral(L, "assertion failed!");
  else if (lua_type(L, 2) == LUA_TSTRING) {
    lua_settop(L, 2);
    lua_pushliteral(L, "!");
    lua_concat(L, 2);
  }
  else lua_pushfstring(L, "error object is a %s!", luaL_typename(L, 2));
  luaN_raise(L, "assert_error");
}

static int b_nothing (lua_State *L) { (void)L; return 0; }
static int b_nil (lua_State *L) { lua_pushnil(L); return 1; }

static int b_dofile (lua_State *L) { bad("dofile"); }

static int b_error (lua_State *L) {
  lua_settop(L, 1);
  if (lua_istable(L, 1) && luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER) lua_settop(L, 1);
  }
  luaN_kind = "error";
  luaN_raise(L, "error");
}

static int b_getmetatable (lua_State *L) {
  if (nargs() == 0) bad("getmetatable");
  if (!lua_getmetatable(L, 1)) { lua_pushnil(L); return 1; }
  lua_pushliteral(L, "__metatable");
  if (lua_rawget(L, -2) != LUA_TNIL) return 1;
  lua_pop(L, 1);
  return 1;
}

static int ipairsnext (lua_State *L) {
  lua_Integer i;
  if (!lua_istable(L, 1) || !argint(2, &i)) bad("ipairs");
  i++;
  lua_pushinteger(L, i);
  if (lua_rawgeti(L, 1, i) == LUA_TNIL) return 1;
  return 2;
}

static int b_ipairs (lua_State *L) {
  if (nargs() == 0) bad("ipairs");
  if (luaL_getmetafield(L, 1, "__ipairs") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 3);
    return 3;
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 0);
  return 3;
}

static int ipairsiter (lua_State *L) {
  int n = ipairsnext(L);
  if (n == 1) { lua_pushnil(L); return 1; }
  return n;
}

typedef struct Text { const char *s; size_t n; } Text;

static const char *onepiece (lua_State *L, void *ud, size_t *size) {
  Text *t = (Text *)ud;
  const char *s = t->s;
  (void)L;
  *size = t->n;
  t->n = 0;
  t->s = NULL;
  return *size ? s : NULL;
}

static int loadtext (lua_State *L, const char *fn) {
  Text t;
  const char *name = "=-no-file-";
  if (lua_type(L, 1) != LUA_TSTRING && lua_type(L, 1) != LUA_TNUMBER) bad(fn);
  t.s = lua_tolstring(L, 1, &t.n);
  if (lua_type(L, 2) == LUA_TSTRING) {
    name = lua_tostring(L, 2);
    if (*name != '=' && *name != '@') name = lua_pushfstring(L, "=%s", name);
  }
  if (lua_load(L, onepiece, &t, name, "t") != LUA_OK) {
    if (strcmp(luaN_kind, "goto") == 0) luaN_crash(L, "function_clause");
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
  }
  return 1;
}

static int b_load (lua_State *L) {
  if (nargs() == 0) luaN_crash(L, "case_clause");
  return loadtext(L, "load");
}
static int b_loadstring (lua_State *L) { return loadtext(L, "loadstring"); }
static int b_loadfile (lua_State *L) { bad("loadfile"); }

static int b_next (lua_State *L) {
  if (nargs() == 1) lua_settop(L, 2);
  if (!lua_istable(L, 1)) bad("next");
  lua_settop(L, 2);
  if (lua_next(L, 1)) return 2;
  lua_pushnil(L);
  return 1;
}

static int b_pairs (lua_State *L) {
  if (nargs() == 0) bad("pairs");
  if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 3);
    return 3;
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

static int b_pcall (lua_State *L) {
  if (nargs() == 0) luaN_crash(L, "function_clause");
  if (lua_pcall(L, nargs() - 1, LUA_MULTRET, 0) != LUA_OK) {
    luaN_errtext(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  return nargs();
}

/* replaces the value on top by its text, honouring __tostring */
static void totext (lua_State *L) {
  if (luaL_getmetafield(L, -1, "__tostring") != LUA_TNIL) {
    if (!lua_isfunction(L, -1)) luaN_crash(L, "function_clause");
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    return;
  }
  luaN_pushtext(L, L->top - 1);
  lua_remove(L, -2);
}

static int b_print (lua_State *L) {
  int n = nargs(), i;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (i = 1; i <= n; i++) {
    if (i > 1) luaL_addchar(&b, '\t');
    lua_pushvalue(L, i);
    totext(L);
    luaN_errtext(L);
    luaL_addvalue(&b);
  }
  luaL_addchar(&b, '\n');
  luaL_pushresult(&b);
  luaN_charge(L, 20 + lua_rawlen(L, -1) / 16);
  host_print(lua_tostring(L, -1), (int)lua_rawlen(L, -1));
  return 0;
}

static int b_rawequal (lua_State *L) {
  if (nargs() < 2) bad("rawequal");
  {
    TValue *a = arg(1), *b = arg(2);
    int eq = ttype(a) == ttype(b) || (ttisstring(a) && ttisstring(b));
    eq = eq && luaV_rawequalobj(a, b);
    if (eq && ttisfloat(a) && signbit(fltvalue(a)) != signbit(fltvalue(b))) eq = 0;
    lua_pushboolean(L, eq);
  }
  return 1;
}

static int b_rawget (lua_State *L) {
  if (nargs() < 2 || !lua_istable(L, 1)) bad("rawget");
  lua_settop(L, 2);
  lua_rawget(L, 1);
  return 1;
}

static int b_rawset (lua_State *L) {
  if (nargs() < 3 || !lua_istable(L, 1)) bad("rawset");
  lua_settop(L, 3);
  lua_rawset(L, 1);
  return 1;
}

static int b_rawlen (lua_State *L) {
  if (lua_istable(L, 1)) lua_pushnumber(L, (lua_Number)luaH_getn(hvalue(arg(1))));
  else if (lua_type(L, 1) == LUA_TSTRING) lua_pushnumber(L, (lua_Number)vslen(arg(1)));
  else bad("rawlen");
  return 1;
}

static int b_select (lua_State *L) {
  int n = nargs();
  lua_Integer i;
  if (n >= 1 && lua_type(L, 1) == LUA_TSTRING && strcmp(lua_tostring(L, 1), "#") == 0) {
    lua_pushnumber(L, n - 1);
    return 1;
  }
  if (n == 0 || !argint(1, &i) || i == 0) bad("select");
  if (i < 0) { i = n + i; if (i < 1) i = 1; }
  if (i >= n) return 0;
  return n - (int)i;
}

static int b_setmetatable (lua_State *L) {
  if (nargs() < 2 || !lua_istable(L, 1) || !(lua_isnil(L, 2) || lua_istable(L, 2))) bad("setmetatable");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) luaN_badargs(L, "setmetatable", 1);
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

static int b_tonumber (lua_State *L) {
  TValue v;
  if (nargs() == 0) bad("tonumber");
  if (nargs() == 1) {
    if (argnum(1, &v)) pushval(L, &v);
    else lua_pushnil(L);
  }
  else {
    lua_Integer base;
    const char *s, *e;
    size_t n;
    int neg = 0;
    lua_Number f;
    if (!argint(2, &base)) luaN_crash(L, "case_clause");
    if (lua_type(L, 1) != LUA_TSTRING && lua_type(L, 1) != LUA_TNUMBER) luaN_crash(L, "case_clause");
    lua_pushvalue(L, 1);
    s = lua_tolstring(L, -1, &n);
    e = s + n;
    while (s < e && (*s == ' ' || (*s >= '\t' && *s <= '\r'))) s++;
    while (e > s && (e[-1] == ' ' || (e[-1] >= '\t' && e[-1] <= '\r'))) e--;
    if (s < e && (*s == '-' || *s == '+')) neg = *s++ == '-';
    if (base < 2 || base > 36 || !luaN_parseint(L, s, (size_t)(e - s), (int)base, &v)) lua_pushnil(L);
    else {
      int ok = 1;
      f = ttisinteger(&v) ? (lua_Number)ivalue(&v) : luaN_big2float(bigvalue(&v), &ok);
      if (!ok) lua_pushnil(L);
      else lua_pushnumber(L, neg ? -f : f);
    }
  }
  return 1;
}

static int b_tostring (lua_State *L) {
  if (nargs() == 0) bad("tostring");
  lua_settop(L, 1);
  totext(L);
  return 1;
}

static int b_type (lua_State *L) {
  if (nargs() == 0) bad("type");
  lua_pushstring(L, luaL_typename(L, 1));
  return 1;
}

static int unpackrange (lua_State *L, const char *fn) {
  lua_Integer i = 1, j;
  if (nargs() == 0) bad(fn);
  if (!lua_istable(L, 1)) {
    if (lua_isnil(L, 1)) luaN_crash(L, "badarg");
    bad(fn);
  }
  if (nargs() >= 2 && !lua_isnil(L, 2) && !argint(2, &i)) bad(fn);
  if (nargs() >= 3 && !lua_isnil(L, 3)) { if (!argint(3, &j)) bad(fn); }
  else j = (lua_Integer)luaH_getn(hvalue(arg(1)));
  if (i > j) return 0;
  if ((lua_Unsigned)j - (lua_Unsigned)i >= 1000000u || !lua_checkstack(L, (int)(j - i) + 1))
    luaN_abort(L, LUAN_DEPTH, "too many results to unpack");
  luaN_charge(L, j - i);
  lua_settop(L, 1);
  { lua_Integer n = j - i + 1; for (; i <= j; i++) lua_rawgeti(L, 1, i); return (int)n; }
}

static int b_unpack (lua_State *L) { return unpackrange(L, "unpack"); }
static int t_unpack (lua_State *L) { return unpackrange(L, "unpack"); }

/* {no_module,<<name>>,<<paths tried>>}! */
static void bytelist (lua_State *L, luaL_Buffer *b, const char *s, size_t n) {
  size_t i;
  char buff[8];
  luaN_charge(L, n * 20);
  luaL_addstring(b, "<<");
  for (i = 0; i < n; i++) {
    snprintf(buff, sizeof(buff), i ? ",%d" : "%d", (unsigned char)s[i]);
    luaL_addstring(b, buff);
  }
  luaL_addstring(b, ">>");
}

static int b_require (lua_State *L) {
  const char *name;
  size_t n;
  luaL_Buffer b;
  if (lua_type(L, 1) != LUA_TSTRING) bad("require");
  name = lua_tolstring(L, 1, &n);
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));  /* package */
  lua_getfield(L, 2, "loaded");
  if (lua_istable(L, 3)) {
    lua_pushvalue(L, 1);
    if (lua_rawget(L, 3) != LUA_TNIL) return 1;
    lua_pop(L, 1);
  }
  lua_getfield(L, 2, "preload");
  if (lua_istable(L, 4)) {
    lua_pushvalue(L, 1);
    if (lua_rawget(L, 4) != LUA_TNIL) {
      lua_pushvalue(L, 1);
      lua_call(L, 1, 1);
      if (lua_isnil(L, -1)) { lua_pop(L, 1); lua_pushboolean(L, 1); }
      lua_pushvalue(L, 1);
      lua_pushvalue(L, -2);
      if (lua_istable(L, 3)) lua_rawset(L, 3);
      else lua_pop(L, 2);
      return 1;
    }
  }
  lua_settop(L, 1);
  {  /* the list of files it would have tried */
    const char *q;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, "'./");
    for (q = name; *q; q++) luaL_addchar(&b, *q == '.' ? '/' : *q);
    luaL_addstring(&b, ".lua' './");
    for (q = name; *q; q++) luaL_addchar(&b, *q == '.' ? '/' : *q);
    luaL_addstring(&b, "/init.lua' ");
    luaL_pushresult(&b);
  }
  {
    size_t m;
    const char *paths = lua_tolstring(L, 2, &m);
    luaL_buffinit(L, &b);
    luaL_addstring(&b, "{no_module,");
    bytelist(L, &b, name, n);
    luaL_addchar(&b, ',');
    bytelist(L, &b, paths, m);
    luaL_addstring(&b, "}!");
    luaL_pushresult(&b);
  }
  luaN_raise(L, "no_module");
}

static const luaL_Reg basic[] = {
  {"assert", b_assert}, {"collectgarbage", b_nothing}, {"dofile", b_dofile}, {"eprint", b_print}, {"error", b_error},
  {"getmetatable", b_getmetatable}, {"load", b_load}, {"loadfile", b_loadfile}, {"loadstring", b_loadstring}, {"next", b_next},
  {"pcall", b_pcall}, {"print", b_print}, {"rawequal", b_rawequal}, {"rawget", b_rawget}, {"rawlen", b_rawlen},
  {"rawset", b_rawset}, {"select", b_select}, {"setmetatable", b_setmetatable}, {"tonumber", b_tonumber},
  {"tostring", b_tostring}, {"type", b_type}, {"unpack", b_unpack}, {NULL, NULL}
};

/* ---- table ------------------------------------------------------------------------------------------------------------------- */

static int t_concat (lua_State *L) {
  lua_Integer i = 1, j;
  const char *sep = "";
  size_t nsep = 0;
  luaL_Buffer b;
  int n = nargs();
  if (!lua_istable(L, 1)) bad("concat");
  if (n >= 2 && !lua_isnil(L, 2)) {
    if (lua_type(L, 2) != LUA_TSTRING && lua_type(L, 2) != LUA_TNUMBER) goto badrest;
    sep = lua_tolstring(L, 2, &nsep);
  }
  if (n >= 3 && !lua_isnil(L, 3) && !argint(3, &i)) goto badrest;
  if (n >= 4 && !lua_isnil(L, 4)) { if (!argint(4, &j)) goto badrest; }
  else j = (lua_Integer)luaH_getn(hvalue(arg(1)));
  luaL_buffinit(L, &b);
  for (; i <= j; i++) {
    luaN_charge(L, 1);
    lua_rawgeti(L, 1, i);
    if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER) {
      const char *name = luaN_fname(L, L->top - 1, NULL);
      if (lua_isnil(L, -1)) name = "nil";
      else if (lua_isboolean(L, -1)) name = lua_toboolean(L, -1) ? "true" : "false";
      else if (name == NULL) name = luaL_typename(L, -1);
      lua_pushfstring(L, "invalid value in 'concat': %s", name);
      luaN_raise(L, "illegal_value");
    }
    luaL_addvalue(&b);
    if (i < j) luaL_addlstring(&b, sep, nsep);
    if (i == LUA_MAXINTEGER) break;
  }
  luaL_pushresult(&b);
  return 1;
 badrest:
  lua_remove(L, 1);
  bad("concat");
}

static int t_insert (lua_State *L) {
  lua_Integer n, pos;
  if (!lua_istable(L, 1) || nargs() < 2 || nargs() > 3) bad("insert");
  n = (lua_Integer)luaH_getn(hvalue(arg(1)));
  if (nargs() == 2) { lua_rawseti(L, 1, n + 1); return 0; }
  if (!argint(2, &pos) || pos < 1 || pos > n + 1) bad("insert");
  luaN_charge(L, (n - pos) / 4 + 1);
  for (; n >= pos; n--) {
    lua_rawgeti(L, 1, n);
    lua_rawseti(L, 1, n + 1);
  }
  lua_rawseti(L, 1, pos);
  return 0;
}

static int t_pack (lua_State *L) {
  int n = nargs(), i;
  lua_createtable(L, n, 1);
  lua_insert(L, 1);
  for (i = n; i >= 1; i--) lua_rawseti(L, 1, i);
  lua_pushinteger(L, n);
  lua_setfield(L, 1, "n");
  return 1;
}

static int t_remove (lua_State *L) {
  lua_Integer n, pos;
  if (!lua_istable(L, 1)) bad("remove");
  n = (lua_Integer)luaH_getn(hvalue(arg(1)));
  pos = n;
  if (nargs() >= 2) {
    if (!argint(2, &pos)) bad("remove");
    if (pos != n && (pos < 1 || pos > n + 1)) bad("remove");
  }
  luaN_charge(L, (n > pos ? n - pos : 0) / 4 + 1);
  lua_rawgeti(L, 1, pos);
  for (; pos < n; pos++) {
    lua_rawgeti(L, 1, pos + 1);
    lua_rawseti(L, 1, pos);
  }
  if (pos <= n || n == 0) {
    lua_pushnil(L);
    lua_rawseti(L, 1, pos);
  }
  return 1;
}

/*
** Sorting: the merge sort of the reference's standard library, whose sequence of comparisons is observable. It splits the input into
** runs (ascending or descending, guided by the first comparison), then merges lists in pairs, forwards and backwards in turn.
** An element is its index in a copy of the values (stack slot 3); lists are chained through `next`, list heads lie in `heads`.
*/
typedef struct Sorter { lua_State *L; int *next; int *heads; int *other; int custom; } Sorter;

static int inorder (Sorter *s, int a, int b) {
  lua_State *L = s->L;
  int r;
  luaN_charge(L, 2);
  if (s->custom) {
    lua_pushvalue(L, 2);
    lua_rawgeti(L, 3, a);
    lua_rawgeti(L, 3, b);
    lua_call(L, 2, 1);
    r = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return r;
  }
  lua_rawgeti(L, 3, a);
  lua_rawgeti(L, 3, b);
  if (lua_type(L, -1) != lua_type(L, -2) ||
      (lua_type(L, -1) != LUA_TNUMBER && lua_type(L, -1) != LUA_TSTRING &&
       luaL_getmetafield(L, -2, "__lt") == LUA_TNIL && luaL_getmetafield(L, -2, "__le") == LUA_TNIL)) {
    lua_pushliteral(L, "illegal comparison in sort");
    luaN_raise(L, "illegal_comp");
  }
  lua_settop(L, 6);
  r = luaN_lessequal(L, L->top - 2, L->top - 1, 0) & 1;
  lua_settop(L, 4);
  return r;
}

static int reversed (Sorter *s, int list) {
  int out = 0;
  while (list) { int n = s->next[list]; s->next[list] = out; out = list; list = n; }
  return out;
}

/* reverse `list` onto `onto` */
static int reverseonto (Sorter *s, int list, int onto) {
  while (list) { int n = s->next[list]; s->next[list] = onto; onto = list; list = n; }
  return onto;
}

/* merges t1 and t2; the result is in the opposite direction. `backward`: the lists are descending */
static int merge (Sorter *s, int t1, int t2, int backward) {
  int m = 0;
  for (;;) {
    if (t1 == 0) return reverseonto(s, t2, m);
    if (t2 == 0) return reverseonto(s, t1, m);
    if (inorder(s, t1, t2) != backward) { int n = s->next[t1]; s->next[t1] = m; m = t1; t1 = n; }
    else { int n = s->next[t2]; s->next[t2] = m; m = t2; t2 = n; }
  }
}

/* lists are taken from the front (the end of the array is the front) until one is left */
static int mergeall (Sorter *s, int count, int backward, int descending) {
  for (;;) {
    int acc = 0, *t;
    if (count == 1 && !backward) return s->heads[0];
    while (count >= 2) {
      int first = s->heads[count - 1], second = s->heads[count - 2];
      int swap = backward ? !descending : descending;  /* which of the two counts as the left one */
      s->other[acc++] = swap ? merge(s, second, first, backward) : merge(s, first, second, backward);
      count -= 2;
    }
    if (count == 1) s->other[acc++] = reversed(s, s->heads[0]);
    t = s->heads; s->heads = s->other; s->other = t;
    count = acc;
    backward = !backward;
  }
}

#define cons(e,list) (s->next[e] = (list), (e))

static int sortlist (Sorter *s, int n) {
  int x = 1, y = 2, i, r = 0, extra = 0, count = 0;
  int up = inorder(s, 1, 2);
  for (i = 3; i <= n; i++) {
    int z = i;
    /* y is the newest of the run, x the one before it; keep three apart so that z may go between them */
    if (inorder(s, y, z) == up) { r = cons(x, r); x = y; y = z; }
    else if (inorder(s, x, z) == up) { r = cons(x, r); x = z; }
    else if (extra == 0 && r == 0) { r = cons(z, 0); }
    else if (extra == 0) extra = z;
    else {
      s->heads[count++] = cons(y, cons(x, r));
      r = 0;
      if (inorder(s, extra, z) == up) { x = extra; y = z; }
      else { x = z; y = extra; }
      extra = 0;
    }
  }
  s->heads[count++] = cons(y, cons(x, r));
  if (extra) s->heads[count++] = cons(extra, 0);
  return up ? mergeall(s, count, 1, 0) : mergeall(s, count, 0, 1);
}

static int t_sort (lua_State *L) {
  Sorter s;
  int n, i, list;
  if (!lua_istable(L, 1)) bad("sort");
  s.L = L;
  s.custom = nargs() >= 2;
  lua_settop(L, 2);
  n = (int)luaH_getn(hvalue(arg(1)));
  if (n > 0) lua_pushinteger(L, n);
  else lua_pushnil(L);
  if (lua_next(L, 1)) {  /* an integer key behind a hole takes part, and so does the hole */
    TValue *k = L->top - 2;
    if ((ttisinteger(k) && ivalue(k) >= 1) || (ttisbig(k) && !bigvalue(k)->neg)) {
      lua_pushliteral(L, "illegal comparison in sort");
      luaN_raise(L, "illegal_comp");
    }
  }
  lua_settop(L, 2);
  if (n < 2) return 0;
  luaN_charge(L, n);
  lua_createtable(L, n, 0);
  for (i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    lua_rawseti(L, 3, i);
  }
  s.next = (int *)lua_newuserdata(L, ((size_t)n + 1) * 3 * sizeof(int));
  s.heads = s.next + n + 1;
  s.other = s.heads + n + 1;
  list = sortlist(&s, n);
  for (i = 1; i <= n; i++, list = s.next[list]) {
    lua_rawgeti(L, 3, list);
    lua_rawseti(L, 1, i);
  }
  return 0;
}

static const luaL_Reg tablelib[] = {
  {"concat", t_concat}, {"insert", t_insert}, {"pack", t_pack}, {"remove", t_remove}, {"sort", t_sort}, {"unpack", t_unpack},
  {NULL, NULL}
};

/* ---- math -------------------------------------------------------------------------------------------------------------------- */

#define MATH1(name, expr) \
  static int m_##name (lua_State *L) { lua_Number x; if (!argflt(1, &x)) bad(#name); return finite1(L, expr); }

MATH1(acos, acos(x)) MATH1(asin, asin(x)) MATH1(cos, cos(x)) MATH1(cosh, cosh(x)) MATH1(exp, exp(x)) MATH1(sin, sin(x))
MATH1(sinh, sinh(x)) MATH1(sqrt, sqrt(x)) MATH1(tan, tan(x)) MATH1(tanh, tanh(x))
MATH1(deg, x * (180.0 / 3.141592653589793)) MATH1(rad, x * (3.141592653589793 / 180.0))
MATH1(log10, x == 0 ? -500.0 : log10(x))

static int m_abs (lua_State *L) {
  TValue v, zero;
  if (!argnum(1, &v)) bad("abs");
  if (ttisfloat(&v)) { lua_pushnumber(L, fabs(fltvalue(&v))); return 1; }
  setivalue(&zero, 0);
  pushval(L, &v);
  if (luaN_cmpnum(&v, &zero) < 0) lua_arith(L, LUA_OPUNM);
  return 1;
}

static int m_atan (lua_State *L) {
  lua_Number y, x = 1;
  if (!argflt(1, &y) || (nargs() >= 2 && !argflt(2, &x))) bad("atan");
  return finite1(L, atan2(y, x));
}

static int m_atan2 (lua_State *L) {
  lua_Number y, x;
  if (!argflt(1, &y) || !argflt(2, &x)) bad("atan2");
  return finite1(L, atan2(y, x));
}

static int rounding (lua_State *L, const char *fn, lua_Number (*f) (lua_Number)) {
  TValue v;
  if (!argnum(1, &v)) bad(fn);
  if (ttisfloat(&v)) {
    luaN_float2int(L, f(fltvalue(&v)), L->top);
    L->top++;
  }
  else pushval(L, &v);
  return 1;
}

static int m_floor (lua_State *L) { return rounding(L, "floor", floor); }
static int m_ceil (lua_State *L) { return rounding(L, "ceil", ceil); }

static int m_fmod (lua_State *L) {
  TValue a, b;
  lua_Number x, y;
  if (!argnum(1, &a) || !argnum(2, &b)) bad("fmod");
  argflt(1, &x);
  argflt(2, &y);
  if (y == 0 || !isfinite(x / y)) luaN_crash(L, "badarith");
  if (ttisint(&a) && ttisint(&b)) {  /* exact integers around a float quotient */
    pushval(L, &a);
    luaN_float2int(L, trunc(x / y), L->top);
    L->top++;
    pushval(L, &b);
    lua_arith(L, LUA_OPMUL);
    lua_arith(L, LUA_OPSUB);
    return 1;
  }
  return finite1(L, x - trunc(x / y) * y);
}

static int m_frexp (lua_State *L) {
  lua_Number x;
  int e;
  if (!argflt(1, &x)) bad("frexp");
  if (x == 0) { lua_pushnumber(L, 0.5); lua_pushinteger(L, -1022); return 2; }
  lua_pushnumber(L, frexp(x, &e));
  lua_pushinteger(L, e);
  return 2;
}

static int m_ldexp (lua_State *L) {
  TValue v;
  lua_Integer e;
  if (!argnum(1, &v) || !ttisfloat(&v) || !argint(2, &e)) bad("ldexp");
  return finite1(L, ldexp(fltvalue(&v), e > 5000 ? 5000 : e < -5000 ? -5000 : (int)e));
}

static int m_log (lua_State *L) {
  lua_Number x, b;
  if (!argflt(1, &x)) bad("log");
  if (nargs() >= 2) {
    if (!argflt(2, &b)) bad("log");
    if (b == 2) return finite1(L, log2(x));
    if (b == 10) return finite1(L, log10(x));
    if (!isfinite(log(x)) || !isfinite(log(b))) luaN_crash(L, "badarith");
    return finite1(L, log(x) / log(b));
  }
  return finite1(L, log(x));
}

static int extreme (lua_State *L, const char *fn, int sign) {
  int i, n = nargs();
  TValue v, w;
  if (n == 0) bad(fn);
  for (i = 1; i <= n; i++) if (!argnum(i, &v)) bad(fn);
  argnum(1, &w);
  for (i = 2; i <= n; i++) {
    argnum(i, &v);
    if (luaN_cmpnum(&v, &w) * sign > 0) { setobj(L, &w, &v); }
  }
  pushval(L, &w);
  return 1;
}

static int m_max (lua_State *L) { return extreme(L, "max", 1); }
static int m_min (lua_State *L) { return extreme(L, "min", -1); }

static int m_modf (lua_State *L) {
  TValue v;
  if (!argnum(1, &v)) bad("modf");
  if (ttisfloat(&v)) {
    lua_Number t = trunc(fltvalue(&v));
    luaN_float2int(L, t, L->top);
    L->top++;
    lua_pushnumber(L, fltvalue(&v) - t);
  }
  else { pushval(L, &v); lua_pushnumber(L, 0.0); }
  return 2;
}

static int m_pow (lua_State *L) {
  lua_Number x, y;
  if (!argflt(1, &x) || !argflt(2, &y)) bad("pow");
  return finite1(L, pow(x, y));
}

static int m_tointeger (lua_State *L) {
  TValue v;
  if (nargs() == 0) bad("tointeger");
  if (argnum(1, &v) && (ttisint(&v) || floor(fltvalue(&v)) == fltvalue(&v))) {
    luaN_tobigint(L, &v, L->top);
    L->top++;
  }
  else lua_pushnil(L);
  return 1;
}

static int m_type (lua_State *L) {
  if (nargs() == 0) bad("type");
  if (lua_type(L, 1) != LUA_TNUMBER) lua_pushnil(L);
  else lua_pushstring(L, ttisfloat(arg(1)) ? "float" : "integer");
  return 1;
}

/*
** Random numbers: xorshift1024* with the state kept as the reference's generator keeps it (a list that is used up and then reversed).
*/
static unsigned long long rndstate[16];
static int rndat = 0;       /* rndstate[rndat] is the head of the list; what lies before it has been used, newest last */

static unsigned long long rndnext (void) {
  unsigned long long s0, s1;
  if (rndat == 15) {  /* list used up: the last element comes first, then the used ones in order of use */
    unsigned long long last = rndstate[15];
    memmove(rndstate + 1, rndstate, 15 * sizeof(rndstate[0]));
    rndstate[0] = last;
    rndat = 0;
  }
  s0 = rndstate[rndat];
  s1 = rndstate[rndat + 1];
  s1 ^= s1 << 31;
  s1 ^= s1 >> 11;
  s1 ^= s0 ^ s0 >> 30;
  /* the head is put among the used ones, the new value is the new head */
  rndat++;
  rndstate[rndat] = s1;
  return s1 * 1181783497276652981ull;
}

void luaN_seed (double x) {
  unsigned long long bits, r, b1, b2, b3;
  int i;
  memcpy(&bits, &x, 8);
  b1 = (((bits >> 40 & 0x1fffff) + 1) * 2097131) & 0x1fffff;
  b2 = (((bits >> 16 & 0x1fffff) + 1) * 2097133) & 0x1fffff;
  b3 = (((bits & 0xffff) + 1) * 2097143) & 0x1fffff;
  r = b1 << 43 | b2 << 22 | b3 << 1 | 1;
  for (i = 15; i >= 0; i--) {
    r ^= r >> 12;
    r ^= r << 25;
    r ^= r >> 27;
    rndstate[i] = r * 2685821657736338717ull;
  }
  rndat = 0;
}

static int m_randomseed (lua_State *L) {
  lua_Number x;
  if (!argflt(1, &x)) bad("randomseed");
  luaN_seed(x);
  return 0;
}

static int m_random (lua_State *L) {
  unsigned long long v;
  TValue lo, hi, one;
  int n = nargs();
  if (n == 0) { lua_pushnumber(L, (lua_Number)rndnext() / 18446744073709551616.0); return 1; }
  setivalue(&one, 1);
  setivalue(&lo, 1);
  if (n > 2) bad("random");
  if (n == 2 && !luaN_tobigint(L, arg(1), &lo)) bad("random");
  pushval(L, &lo);  /* on the stack at once: it may be a new big integer */
  if (!luaN_tobigint(L, arg(n), &hi)) { lua_settop(L, n); bad("random"); }
  pushval(L, &hi);
  if (luaN_cmpnum(&hi, &lo) < 0) { lua_settop(L, n); bad("random"); }
  pushval(L, &lo);
  lua_arith(L, LUA_OPSUB);      /* lo, hi - lo */
  pushval(L, &one);
  lua_arith(L, LUA_OPADD);      /* lo, range */
  v = rndnext();
  if (ttisinteger(L->top - 1)) {
    unsigned long long range = (unsigned long long)ivalue(L->top - 1), r = v % range;
    L->top--;
    luaN_pushmagnitude(L, 0, (unsigned char *)&r, 8);
  }
  else if (bigvalue(L->top - 1)->n <= 2) {
    unsigned long long range = bigvalue(L->top - 1)->d[0] | (unsigned long long)bigvalue(L->top - 1)->d[1] << 32, r = v % range;
    L->top--;
    luaN_pushmagnitude(L, 0, (unsigned char *)&r, 8);
  }
  else {  /* wider than the generator: the reference scales a float */
    int ok;
    lua_Number f = (lua_Number)v / 18446744073709551616.0 * luaN_big2float(bigvalue(L->top - 1), &ok);
    L->top--;
    luaN_float2int(L, trunc(f), L->top);
    L->top++;
  }
  lua_arith(L, LUA_OPADD);
  return 1;
}

static const luaL_Reg mathlib[] = {
  {"abs", m_abs}, {"acos", m_acos}, {"asin", m_asin}, {"atan", m_atan}, {"atan2", m_atan2}, {"ceil", m_ceil}, {"cos", m_cos},
  {"cosh", m_cosh}, {"deg", m_deg}, {"exp", m_exp}, {"floor", m_floor}, {"fmod", m_fmod}, {"frexp", m_frexp}, {"ldexp", m_ldexp},
  {"log", m_log}, {"log10", m_log10}, {"max", m_max}, {"min", m_min}, {"modf", m_modf}, {"pow", m_pow}, {"rad", m_rad},
  {"random", m_random}, {"randomseed", m_randomseed}, {"sin", m_sin}, {"sinh", m_sinh}, {"sqrt", m_sqrt}, {"tan", m_tan},
  {"tanh", m_tanh}, {"tointeger", m_tointeger}, {"type", m_type}, {NULL, NULL}
};

/* ---- bit32 ------------------------------------------------------------------------------------------------------------------- */

/* low 32 bits of an integral argument */
static unsigned int word (lua_State *L, int i, const char *fn) {
  TValue v;
  if (i > nargs() || !luaN_tobigint(L, arg(i), &v)) bad(fn);
  pushval(L, &v);
  lua_pushinteger(L, 0xffffffffu);
  lua_arith(L, LUA_OPBAND);
  { unsigned int r = (unsigned int)lua_tointeger(L, -1); lua_pop(L, 1); return r; }
}

static int fold (lua_State *L, const char *fn, int op) {
  int n = nargs(), i;
  unsigned int r;
  if (n == 0) { lua_pushinteger(L, op == '&' ? 4294967295ll : 0); return 1; }
  r = word(L, 1, fn);
  for (i = 2; i <= n; i++) {
    unsigned int w = word(L, i, fn);
    r = op == '&' ? r & w : op == '|' ? r | w : r ^ w;
  }
  lua_pushnumber(L, r);
  return 1;
}

static int x_band (lua_State *L) { return fold(L, "band", '&'); }
static int x_bor (lua_State *L) { return fold(L, "bor", '|'); }
static int x_bxor (lua_State *L) { return fold(L, "bxor", '~'); }
static int x_btest (lua_State *L) {
  int r;
  fold(L, "btest", '&');
  r = lua_tonumber(L, -1) != 0;
  lua_pushboolean(L, r);
  return 1;
}

static int x_bnot (lua_State *L) {
  if (nargs() == 0) luaN_crash(L, "case_clause");
  lua_pushnumber(L, -(lua_Number)word(L, 1, "bnot") - 1);
  return 1;
}

static int shifted (lua_State *L, const char *fn, int left) {
  unsigned int w;
  lua_Integer by;
  if (nargs() < 2 || !argint(2, &by)) bad(fn);
  w = word(L, 1, fn);
  if (!left) by = -by;
  if (by <= -32) lua_pushnumber(L, 0);
  else if (by < 0) lua_pushnumber(L, w >> -by);
  else if (by > 990) luaN_crash(L, "badarith");
  else lua_pushnumber(L, ldexp(w, (int)by));
  return 1;
}

static int x_lshift (lua_State *L) { return shifted(L, "lshift", 1); }
static int x_rshift (lua_State *L) { return shifted(L, "rshift", 0); }
static int x_arshift (lua_State *L) { return shifted(L, "arshift", 0); }

static int rotated (lua_State *L, const char *fn, int left) {
  unsigned int w;
  lua_Integer by;
  int k;
  if (nargs() < 2 || !argint(2, &by)) bad(fn);
  w = word(L, 1, fn);
  k = (int)(by & 31);
  if (!left) k = -k & 31;
  lua_pushnumber(L, k ? (w << k | w >> (32 - k)) : w);
  return 1;
}

static int x_lrotate (lua_State *L) { return rotated(L, "lrotate", 1); }
static int x_rrotate (lua_State *L) { return rotated(L, "rrotate", 0); }

static unsigned int field (lua_State *L, const char *fn, int at, int *from) {
  lua_Integer f, w = 1;
  if (!argint(at, &f) || (nargs() > at && !argint(at + 1, &w)) || f < 0 || w < 1 || f > 32 || w > 32 || f + w > 32) bad(fn);
  *from = (int)f;
  return w == 32 ? 0xffffffffu : (1u << w) - 1;
}

static int x_extract (lua_State *L) {
  int from;
  unsigned int mask = field(L, "extract", 2, &from);
  lua_pushnumber(L, word(L, 1, "extract") >> from & mask);
  return 1;
}

static int x_replace (lua_State *L) {
  int from;
  unsigned int mask = field(L, "replace", 3, &from), w = word(L, 1, "replace"), v = word(L, 2, "replace");
  lua_pushnumber(L, (w & ~(mask << from)) | (v & mask) << from);
  return 1;
}

static const luaL_Reg bitlib[] = {
  {"arshift", x_arshift}, {"band", x_band}, {"bnot", x_bnot}, {"bor", x_bor}, {"btest", x_btest}, {"bxor", x_bxor},
  {"extract", x_extract}, {"lrotate", x_lrotate}, {"lshift", x_lshift}, {"replace", x_replace}, {"rrotate", x_rrotate},
  {"rshift", x_rshift}, {NULL, NULL}
};

/* ---- os ---------------------------------------------------------------------------------------------------------------------- */

static int o_clock (lua_State *L) { lua_pushnumber(L, luaN_instructions() / 1e8); return 1; }

static int o_time (lua_State *L) {
  if (lua_istable(L, 1)) luaN_crash(L, "undef");
  lua_pushnumber(L, host_time());
  return 1;
}

static int o_difftime (lua_State *L) {
  if (nargs() < 2) bad("difftime");
  if (lua_type(L, 1) != LUA_TNUMBER || lua_type(L, 2) != LUA_TNUMBER) luaN_crash(L, "badarith");
  lua_settop(L, 2);
  lua_arith(L, LUA_OPSUB);
  return 1;
}

static void strdate (luaL_Buffer *b, const char *f, const Date *d) {
  char s[64];
  lua_Integer year;
  for (; *f; f++) {
    luaN_spend(20);
    if (*f != '%') { luaL_addchar(b, *f); continue; }
    s[0] = '\0';
    switch (*++f) {
      case 'a': snprintf(s, sizeof s, "%.3s", luaN_daynames[d->wday]); break;
      case 'A': snprintf(s, sizeof s, "%s", luaN_daynames[d->wday]); break;
      case 'b': case 'h': snprintf(s, sizeof s, "%.3s", luaN_monthnames[d->month - 1]); break;
      case 'B': snprintf(s, sizeof s, "%s", luaN_monthnames[d->month - 1]); break;
      case 'c':
        snprintf(s, sizeof s, "%.3s %.3s %2d %02d:%02d:%02d %d", luaN_daynames[d->wday], luaN_monthnames[d->month - 1], d->day, d->hour,
                 d->min, d->sec, (int)d->year);
        break;
      case 'd': snprintf(s, sizeof s, "%02d", d->day); break;
      case 'D': case 'x': snprintf(s, sizeof s, "%02d/%02d/%02d", d->month, d->day, (int)(d->year % 100)); break;
      case 'F': snprintf(s, sizeof s, "%d-%02d-%02d", (int)d->year, d->month, d->day); break;
      case 'H': snprintf(s, sizeof s, "%02d", d->hour); break;
      case 'I': snprintf(s, sizeof s, "%02d", (d->hour + 11) % 12 + 1); break;
      case 'm': snprintf(s, sizeof s, "%02d", d->month); break;
      case 'M': snprintf(s, sizeof s, "%02d", d->min); break;
      case 'n': luaL_addchar(b, '\n'); break;
      case 'p': snprintf(s, sizeof s, "%s", d->hour < 12 ? "AM" : "PM"); break;
      case 'R': snprintf(s, sizeof s, "%02d:%02d", d->hour, d->min); break;
      case 'S': snprintf(s, sizeof s, "%02d", d->sec); break;
      case 't': luaL_addchar(b, '\t'); break;
      case 'T': case 'X': snprintf(s, sizeof s, "%02d:%02d:%02d", d->hour, d->min, d->sec); break;
      case 'w': snprintf(s, sizeof s, "%d", d->wday); break;
      case 'W': snprintf(s, sizeof s, "%02d", luaN_isoweek(d, &year)); break;
      case 'y': snprintf(s, sizeof s, "%02d", (int)(d->year % 100)); break;
      case 'Y': snprintf(s, sizeof s, "%d", (int)d->year); break;
      case '%': luaL_addchar(b, '%'); break;
      case '\0': luaL_addchar(b, '%'); f--; break;
      default: luaL_addchar(b, '%'); luaL_addchar(b, *f);
    }
    luaL_addstring(b, s);
  }
}

static void setint (lua_State *L, const char *k, lua_Integer v) { lua_pushinteger(L, v); lua_setfield(L, -2, k); }

static int o_date (lua_State *L) {
  const char *f = "%c";
  lua_Number t;
  Date d;
  luaL_Buffer b;
  if (nargs() >= 1 && !lua_isnil(L, 1)) {
    if (lua_type(L, 1) != LUA_TSTRING && lua_type(L, 1) != LUA_TNUMBER) bad("date");
  }
  if (nargs() >= 2 && !lua_isnil(L, 2)) {
    if (lua_type(L, 2) != LUA_TNUMBER) bad("date");
    t = lua_tonumber(L, 2);
  }
  else t = host_time();
  if (!(fabs(t) < 1e13)) bad("date");
  if (nargs() >= 1 && !lua_isnil(L, 1)) f = lua_tostring(L, 1);
  luaN_civil((lua_Integer)round(t), &d);
  if (strncmp(f, "*t", 2) == 0) {
    lua_createtable(L, 0, 9);
    setint(L, "year", d.year); setint(L, "month", d.month); setint(L, "day", d.day);
    setint(L, "hour", d.hour); setint(L, "min", d.min); setint(L, "sec", d.sec);
    setint(L, "wday", d.wday + 1);
    return 1;
  }
  luaL_buffinit(L, &b);
  strdate(&b, f, &d);
  luaL_pushresult(&b);
  return 1;
}

static int o_getenv (lua_State *L) {
  if (nargs() == 0) bad("getenv");
  lua_pushnil(L);
  return 1;
}

static int o_exit (lua_State *L) { luaN_crash(L, "exit"); }

static int o_refuse (lua_State *L) {
  lua_pushnil(L);
  lua_pushliteral(L, "not permitted");
  return 2;
}

static int o_tmpname (lua_State *L) { lua_pushliteral(L, "/tmp/lua"); return 1; }

static const luaL_Reg oslib[] = {
  {"clock", o_clock}, {"date", o_date}, {"difftime", o_difftime}, {"execute", b_nil}, {"exit", o_exit}, {"getenv", o_getenv},
  {"remove", o_refuse}, {"rename", o_refuse}, {"time", o_time}, {"tmpname", o_tmpname}, {NULL, NULL}
};

/* ---- utf8 -------------------------------------------------------------------------------------------------------------------- */

/* length of the valid sequence at s, 0 if there is none */
static int utf8at (const unsigned char *s, const unsigned char *end, int *code) {
  int n, i, c = *s;
  static const int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
  if (c < 0x80) { *code = c; return 1; }
  n = c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;
  if (c >= 0xf5 || n == 0 || end - s < n) return 0;
  c &= 0x7f >> n;
  for (i = 1; i < n; i++) {
    if ((s[i] & 0xc0) != 0x80) return 0;
    c = c << 6 | (s[i] & 0x3f);
  }
  if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return 0;
  *code = c;
  return n;
}

int luaN_utf8 (char *b, unsigned int c) {
  if (c < 0x80) { b[0] = (char)c; return 1; }
  if (c < 0x800) { b[0] = (char)(0xc0 | c >> 6); b[1] = (char)(0x80 | (c & 0x3f)); return 2; }
  if (c < 0x10000) { b[0] = (char)(0xe0 | c >> 12); b[1] = (char)(0x80 | (c >> 6 & 0x3f)); b[2] = (char)(0x80 | (c & 0x3f)); return 3; }
  b[0] = (char)(0xf0 | c >> 18); b[1] = (char)(0x80 | (c >> 12 & 0x3f)); b[2] = (char)(0x80 | (c >> 6 & 0x3f)); b[3] = (char)(0x80 | (c & 0x3f));
  return 4;
}

static int u_char (lua_State *L) {
  int i, n = nargs();
  luaL_Buffer b;
  lua_Integer c;
  for (i = 1; i <= n; i++) if (!argint(i, &c)) bad("char");
  luaL_buffinit(L, &b);
  for (i = 1; i <= n; i++) {
    char s[4];
    argint(i, &c);
    if (c < 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) luaN_crash(L, "badarg");
    luaL_addlstring(&b, s, (size_t)luaN_utf8(s, (unsigned int)c));
  }
  luaL_pushresult(&b);
  return 1;
}

/* text and byte range of the arguments; `fn` for errors */
static const unsigned char *range (lua_State *L, const char *fn, lua_Integer *i, lua_Integer *j, size_t *n) {
  const unsigned char *s;
  *i = 1;
  *j = -1;
  if (nargs() == 0 || (lua_type(L, 1) != LUA_TSTRING && lua_type(L, 1) != LUA_TNUMBER)) bad(fn);
  if ((nargs() >= 2 && !argint(2, i)) || (nargs() >= 3 && !argint(3, j))) bad(fn);
  if (lua_type(L, 1) == LUA_TSTRING) s = (const unsigned char *)lua_tolstring(L, 1, n);
  else {
    lua_pushvalue(L, 1);
    s = (const unsigned char *)lua_tolstring(L, -1, n);
  }
  if (*i < 0) *i += (lua_Integer)*n + 1;
  if (*j < 0) *j += (lua_Integer)*n + 1;
  if (*i < 1 || *i > (lua_Integer)*n || *j > (lua_Integer)*n) { lua_settop(L, lua_type(L, 1) == LUA_TSTRING ? nargs() : nargs() - 1); bad(fn); }
  return s;
}

static int u_codepoint (lua_State *L) {
  lua_Integer i, j;
  size_t n;
  const unsigned char *s = range(L, "codepoint", &i, &j, &n);
  int count = 0, c, k;
  if (j - i > 100000 || !lua_checkstack(L, (int)(j - i) + 2)) luaN_abort(L, LUAN_DEPTH, "too many results");
  if (j > i) luaN_charge(L, (j - i) / 4);
  for (i--; i < j; i += k, count++) {
    k = utf8at(s + i, s + n, &c);
    if (k == 0) luaN_crash(L, "badmatch");
    lua_pushinteger(L, c);
  }
  return count;
}

static int u_len (lua_State *L) {
  lua_Integer i, j, count = 0;
  size_t n;
  const unsigned char *s = range(L, "len", &i, &j, &n);
  int c, k;
  luaN_charge(L, n / 8);
  for (i--; i < j; i += k, count++) {
    k = utf8at(s + i, s + n, &c);
    if (k == 0) { lua_pushnil(L); lua_pushinteger(L, count + 1); return 2; }
  }
  lua_pushinteger(L, count);
  return 1;
}

/* the position of a code is that of its last byte */
static int codesnext (lua_State *L) {
  size_t n;
  lua_Integer i;
  int c, k;
  const unsigned char *s;
  if (lua_type(L, 1) != LUA_TSTRING || !argint(2, &i)) bad("codes");
  s = (const unsigned char *)lua_tolstring(L, 1, &n);
  if (i < 0 || i >= (lua_Integer)n) { lua_pushnil(L); return 1; }
  k = utf8at(s + i, s + n, &c);
  if (k == 0) luaN_crash(L, "badmatch");
  lua_pushinteger(L, i + k);
  lua_pushinteger(L, c);
  return 2;
}

static int u_codes (lua_State *L) {
  if (lua_type(L, 1) != LUA_TSTRING && lua_type(L, 1) != LUA_TNUMBER) bad("codes");
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_tostring(L, -1);
  lua_pushinteger(L, 0);
  return 3;
}

static int u_offset (lua_State *L) {
  lua_pushliteral(L, "{'NYI',offset}!");
  luaN_raise(L, "NYI");
}

static const luaL_Reg utf8lib[] = {
  {"char", u_char}, {"codepoint", u_codepoint}, {"len", u_len}, {"offset", u_offset}, {NULL, NULL}
};

/* ---- debug, io, package ------------------------------------------------------------------------------------------------------ */

static int d_getmetatable (lua_State *L) {
  if (nargs() == 0) bad("getmetatable");
  if (!lua_getmetatable(L, 1)) lua_pushnil(L);
  return 1;
}

static int d_setmetatable (lua_State *L) {
  if (nargs() < 2 || !(lua_isnil(L, 2) || lua_istable(L, 2))) bad("setmetatable");
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

static int d_setuservalue (lua_State *L) { lua_settop(L, 1); return 1; }

static const luaL_Reg debuglib[] = {
  {"getmetatable", d_getmetatable}, {"getuservalue", b_nil}, {"setmetatable", d_setmetatable}, {"setuservalue", d_setuservalue},
  {NULL, NULL}
};

static int i_write (lua_State *L) {
  int n = nargs(), i;
  for (i = 1; i <= n; i++) {
    if (lua_type(L, i) != LUA_TSTRING && lua_type(L, i) != LUA_TNUMBER) bad("write");
    lua_pushvalue(L, i);
    lua_tostring(L, -1);
    luaN_charge(L, 20 + lua_rawlen(L, -1) / 16);
    host_print(lua_tostring(L, -1), (int)lua_rawlen(L, -1));
    lua_pop(L, 1);
  }
  return 0;
}

static const luaL_Reg iolib[] = { {"flush", b_nothing}, {"write", i_write}, {NULL, NULL} };

static int p_searchpath (lua_State *L) {
  lua_pushnil(L);
  lua_pushliteral(L, "not found");
  return 2;
}

/* ---- putting it together ----------------------------------------------------------------------------------------------------- */

static void lib (lua_State *L, const char *name, const char *module, const luaL_Reg *l) {
  lua_newtable(L);
  setlib(L, module, l);
  lua_pushvalue(L, -1);
  lua_setglobal(L, name);
}

void luaN_openlibs (lua_State *L) {
  static const char *const loaded[] = { "bit32", "debug", "io", "math", "os", "package", "string", "table", "utf8", NULL };
  int i;
  luaN_seed(0);
  lua_pushglobaltable(L);
  setlib(L, "luerl_lib_basic", basic);
  luaN_pushnamed(L, "luerl_lib_basic", "ipairs", ipairsiter, 0);
  luaN_pushnamed(L, "luerl_lib_basic", "ipairs", b_ipairs, 1);
  lua_setfield(L, -2, "ipairs");
  lua_getfield(L, -1, "next");
  luaN_pushnamed(L, "luerl_lib_basic", "pairs", b_pairs, 1);
  lua_setfield(L, -2, "pairs");
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "_G");
  lua_pushliteral(L, "Lua 5.3");
  lua_setfield(L, -2, "_VERSION");

  lib(L, "bit32", "luerl_lib_bit32", bitlib);
  lib(L, "debug", "luerl_lib_debug", debuglib);
  lib(L, "io", "luerl_lib_io", iolib);
  lib(L, "math", "luerl_lib_math", mathlib);
  lua_pushnumber(L, 1.7976931348623157e308); lua_setfield(L, -2, "huge");
  lua_pushnumber(L, 3.141592653589793); lua_setfield(L, -2, "pi");
  lua_pushinteger(L, LUA_MAXINTEGER); lua_setfield(L, -2, "maxinteger");
  lua_pushinteger(L, LUA_MININTEGER); lua_setfield(L, -2, "mininteger");
  lib(L, "os", "luerl_lib_os", oslib);
  lib(L, "table", "luerl_lib_table", tablelib);
  lib(L, "utf8", "luerl_lib_utf8", utf8lib);
  lua_pushlstring(L, "[\0-\x7F\xC2-\xF4][\x80-\xBF]*", 14); lua_setfield(L, -2, "charpattern");
  luaN_pushnamed(L, "luerl_lib_utf8", "codes", codesnext, 0);
  luaN_pushnamed(L, "luerl_lib_utf8", "codes", u_codes, 1);
  lua_setfield(L, -2, "codes");
  luaN_openstring(L);

  lua_settop(L, 0);
  lua_newtable(L);  /* package */
  lua_pushvalue(L, 1); lua_setglobal(L, "package");
  lua_pushliteral(L, "/\n;\n?\n!\n-\n"); lua_setfield(L, 1, "config");
  lua_pushliteral(L, "./?.lua;./?/init.lua"); lua_setfield(L, 1, "path");
  lua_newtable(L); lua_setfield(L, 1, "preload");
  lua_newtable(L); lua_setfield(L, 1, "searchers");
  luaN_pushnamed(L, "luerl_lib_package", "searchpath", p_searchpath, 0); lua_setfield(L, 1, "searchpath");
  lua_newtable(L);
  lua_pushglobaltable(L); lua_setfield(L, 2, "_G");
  for (i = 0; loaded[i]; i++) { lua_getglobal(L, loaded[i]); lua_setfield(L, 2, loaded[i]); }
  lua_setfield(L, 1, "loaded");
  luaN_pushnamed(L, "luerl_lib_package", "require", b_require, 1);
  lua_setglobal(L, "require");
  lua_settop(L, 0);
}

/* plain Lua 5.3: PUC's libraries without files, processes, the clock and the debugger */
void luaN_openstandard (lua_State *L) {
  static const luaL_Reg libs[] = {
    {"_G", luaopen_base}, {LUA_COLIBNAME, luaopen_coroutine}, {LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string},
    {LUA_MATHLIBNAME, luaopen_math}, {LUA_UTF8LIBNAME, luaopen_utf8}, {LUA_BITLIBNAME, luaopen_bit32}, {LUA_OSLIBNAME, luaopen_os},
    {NULL, NULL}
  };
  const luaL_Reg *l;
  for (l = libs; l->func; l++) { luaL_requiref(L, l->name, l->func, 1); lua_pop(L, 1); }
}
