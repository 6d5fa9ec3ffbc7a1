/*
** bridge.c -- the boundary between the host (TypeScript) and the Lua state.
**
** The host calls the hb_* exports. Values cross the boundary in one piece each way, in a compact little-endian form:
**
**    0 nil   1 false   2 true
**    3 integer      i64
**    4 big integer  u8 negative, u32 size, magnitude bytes (least significant first)
**    5 float        f64
**    6 string       u32 size, bytes
**    7 table        u32 items, u32 pairs, items (keys 1..n), key value key value ... in the order of `next`
**    8 function     u32 size, its printed name
**    9 a table that contains itself (only when cycles are allowed)
**
** Every call answers in the output buffer (hb_out):
**    u8 status; 0: u32 count, values
**               else (LUAN_... or 255 error, 254 syntax): string kind, string text, value, u32 frames, frames
**    frame: string name, string what ("Lua" or "C"), string chunk, i32 line, u32 count, arguments (a table or function only by the
**    name of its type, as a function)
**
** The host may look at or copy the linear memory only while no call is running: then the C stack is empty and the memory is all there
** is to know about the state.
*/
#define LUA_CORE
#include <stdlib.h>
#include <string.h>
#include <limits.h>

#include "lua.h"
#include "lauxlib.h"
#include "lualib.h"
#include "lapi.h"
#include "ldebug.h"
#include "ldo.h"
#include "lgc.h"
#include "lobject.h"
#include "lstate.h"
#include "ltable.h"
#include "lnet.h"
#include "lnetlib.h"

#define EXPORT(name) __attribute__((used, export_name(name)))

#define T_NIL 0
#define T_FALSE 1
#define T_TRUE 2
#define T_INT 3
#define T_BIG 4
#define T_FLOAT 5
#define T_STRING 6
#define T_TABLE 7
#define T_FUNCTION 8
#define T_CYCLE 9

#define STATUS_SYNTAX 254
#define STATUS_ERROR 255
#define MAX_DEPTH 150

int luaN_on = 0;
int luaN_fuel = 0;
int luaN_fatal = 0;
int luaN_hold = 0;
unsigned int luaN_serial = 0;
int luaN_maxstack = LUAI_MAXSTACK;
const char *luaN_kind = "error";

static lua_State *L0 = NULL;

/* ---- memory ------------------------------------------------------------------------------------------------------------------ */

#define LARGE 4096  /* freed blocks of this size are cleared: pages of zeros cost nothing in a snapshot */

static size_t memused = 0;
static size_t memlimit = 0;

static void *allocate (void *ud, void *p, size_t osize, size_t nsize) {
  void *q;
  (void)ud;
  if (p == NULL) osize = 0;  /* then it was the type of the object */
  if (nsize == 0) {
    memused -= osize;
    if (osize >= LARGE) memset(p, 0, osize);
    free(p);
    return NULL;
  }
  if (nsize > osize && (nsize - osize > memlimit || memused > memlimit - (nsize - osize))) return NULL;
  if (osize < LARGE) q = realloc(p, nsize);
  else if ((q = malloc(nsize)) != NULL) {
    memcpy(q, p, osize < nsize ? osize : nsize);
    memset(p, 0, osize);
    free(p);
  }
  if (q != NULL) memused += nsize - osize;
  else if (nsize <= osize) { memused += nsize - osize; return p; }  /* shrinking must not fail */
  return q;
}

void luaN_reserve (lua_State *L, size_t bytes) {
  if (memused + bytes > memlimit) luaC_fullgc(L, 1);
}

EXPORT("hb_alloc") void *hb_alloc (int size) { return malloc((size_t)size); }
EXPORT("hb_free") void hb_free (void *p) { free(p); }
EXPORT("hb_memory") double hb_memory (void) { return (double)memused; }
EXPORT("hb_memlimit") void hb_memlimit (double bytes) { memlimit = bytes < 4e9 ? (size_t)bytes : 4000000000u; }
EXPORT("hb_maxstack") void hb_maxstack (int slots) { luaN_maxstack = slots; }

/* ---- budget ------------------------------------------------------------------------------------------------------------------ */

#define SLICE 1000000

static double fuelleft = 0;   /* instructions beyond the current slice */
static double fuelused = 0;   /* by earlier slices of this call */
static int slice = 0;
static int ticking = 0;       /* ask the host for the time after each slice */

static void newslice (void) {
  slice = fuelleft < SLICE ? (int)fuelleft : SLICE;
  fuelleft -= slice;
  luaN_fuel = slice;
}

EXPORT("hb_budget") void hb_budget (double instructions, int tick) {
  fuelleft = instructions;
  fuelused = 0;
  ticking = tick;
  newslice();
}

double luaN_instructions (void) { return fuelused + (slice - luaN_fuel); }

/* puts off what is left of the slice, so that the next charge asks for the time: after work that no program asked for */
void luaN_look (void) {
  if (ticking && luaN_fuel > 0) {
    fuelleft += luaN_fuel;
    slice -= luaN_fuel;
    luaN_fuel = 0;
  }
}

EXPORT("hb_seed") void hb_seed (double x) { luaN_seed(x); }
EXPORT("hb_used") double hb_used (void) { return fuelused + (slice - luaN_fuel); }

void luaN_outoffuel (lua_State *L) {
  if (luaN_fatal != 0) luaD_throw(L, LUA_ERRRUN);
  for (;;) {
    int over = -luaN_fuel;
    fuelused += slice;
    if (fuelleft < 1) {
      slice = 0;
      luaN_fuel = -1;  /* nothing runs any more, not even finalizers */
      luaN_abort(L, LUAN_INSTRUCTIONS, "instruction limit reached");
    }
    if (ticking && host_tick()) {
      slice = 0;
      luaN_fuel = -1;
      luaN_abort(L, LUAN_TIME, "time limit reached");
    }
    newslice();
    luaN_fuel -= over;
    if (luaN_fuel >= 0) return;
  }
}

/* ---- buffers ----------------------------------------------------------------------------------------------------------------- */

typedef struct Buf { unsigned char *p; size_t n, size; } Buf;

static Buf out, trace, args;
static size_t maxoutput = 64 * 1024 * 1024;

EXPORT("hb_out") unsigned char *hb_out (void) { return out.p; }
EXPORT("hb_maxoutput") void hb_maxoutput (double bytes) { maxoutput = (size_t)bytes; }

static void room (lua_State *L, Buf *b, size_t n) {
  if (b->size - b->n < n) {
    size_t size = b->size < 256 ? 256 : b->size;
    unsigned char *p;
    while (size - b->n < n) size *= 2;
    if (b->n + n > maxoutput || (p = realloc(b->p, size)) == NULL)
      luaN_abort(L, LUAN_OUTPUT, "result too large");
    b->p = p;
    b->size = size;
  }
}

static void put8 (lua_State *L, Buf *b, int v) { room(L, b, 1); b->p[b->n++] = (unsigned char)v; }
static void put32 (lua_State *L, Buf *b, unsigned int v) { room(L, b, 4); memcpy(b->p + b->n, &v, 4); b->n += 4; }
static void put64 (lua_State *L, Buf *b, const void *v) { room(L, b, 8); memcpy(b->p + b->n, v, 8); b->n += 8; }
static void putstr (lua_State *L, Buf *b, const char *s, size_t n) {
  room(L, b, n + 4);
  put32(L, b, (unsigned int)n);
  memcpy(b->p + b->n, s, n);
  b->n += n;
}
static void puttext (lua_State *L, Buf *b, const char *s) { putstr(L, b, s, strlen(s)); }

/* a big result is given back to the allocator, so that one large answer does not stay in every later snapshot */
static void reset (Buf *b) {
  b->n = 0;
  if (b->size > 64 * 1024) { memset(b->p, 0, b->size); free(b->p); b->p = NULL; b->size = 0; }
}

/* ---- Lua -> bytes ------------------------------------------------------------------------------------------------------------ */

static int cyclesok = 0;  /* tests print cycles, messages refuse them */

EXPORT("hb_cycles") void hb_cycles (int allow) { cyclesok = allow; }

typedef struct Path { const struct Path *up; const Table *t; int depth; } Path;

static void encode (lua_State *L, Buf *b, int idx, const Path *up) {
  TValue *o;
  luaN_charge(L, 1);
  lua_checkstack(L, 8);
  idx = lua_absindex(L, idx);
  o = L->ci->func + idx;
  switch (ttnov(o)) {
    case LUA_TNIL: put8(L, b, T_NIL); break;
    case LUA_TBOOLEAN: put8(L, b, bvalue(o) ? T_TRUE : T_FALSE); break;
    case LUA_TNUMBER:
      if (ttisinteger(o)) { put8(L, b, T_INT); put64(L, b, &val_(o).i); }
      else if (ttisfloat(o)) { put8(L, b, T_FLOAT); put64(L, b, &val_(o).n); }
      else {
        const BigInt *x = bigvalue(o);
        put8(L, b, T_BIG);
        put8(L, b, x->neg);
        putstr(L, b, (const char *)x->d, (size_t)x->n * 4);
      }
      break;
    case LUA_TSTRING: put8(L, b, T_STRING); putstr(L, b, svalue(o), vslen(o)); break;
    case LUA_TTABLE: {
      Path here;
      const Path *p;
      size_t counts;
      unsigned int items = 0, pairs = 0;
      lua_Integer next = 1;
      Table *t = hvalue(o);
      for (p = up; p != NULL; p = p->up)
        if (p->t == t) {
          if (cyclesok) { put8(L, b, T_CYCLE); return; }
          luaN_abort(L, LUAN_RECURSIVE, "recursive_table");
        }
      here.up = up;
      here.t = t;
      here.depth = up ? up->depth + 1 : 1;
      if (here.depth > MAX_DEPTH) luaN_abort(L, LUAN_OUTPUT, "result nested too deeply");
      put8(L, b, T_TABLE);
      counts = b->n;
      put32(L, b, 0);
      put32(L, b, 0);
      for (; lua_rawgeti(L, idx, next) != LUA_TNIL; next++) {
        encode(L, b, -1, &here);
        lua_pop(L, 1);
        items++;
      }
      /* the rest: everything that `next` gives, except 1..items */
      while (lua_next(L, idx)) {
        TValue *k = L->top - 2;
        if (!(ttisinteger(k) && ivalue(k) >= 1 && ivalue(k) < next)) {
          encode(L, b, -2, &here);
          encode(L, b, -1, &here);
          pairs++;
        }
        lua_pop(L, 1);
      }
      memcpy(b->p + counts, &items, 4);
      memcpy(b->p + counts + 4, &pairs, 4);
      break;
    }
    case LUA_TFUNCTION: {
      const char *name = luaN_fname(L, o, NULL);
      put8(L, b, T_FUNCTION);
      puttext(L, b, name ? name : "function");
      break;
    }
    default:
      put8(L, b, T_FUNCTION);
      puttext(L, b, lua_typename(L, ttnov(o)));
  }
}

/* ---- bytes -> Lua ------------------------------------------------------------------------------------------------------------ */

static unsigned int get32 (const unsigned char **p) { unsigned int v; memcpy(&v, *p, 4); *p += 4; return v; }

static void decode (lua_State *L, const unsigned char **p) {
  luaL_checkstack(L, 8, NULL);
  switch (*(*p)++) {
    case T_FALSE: lua_pushboolean(L, 0); break;
    case T_TRUE: lua_pushboolean(L, 1); break;
    case T_INT: { lua_Integer v; memcpy(&v, *p, 8); *p += 8; lua_pushinteger(L, v); break; }
    case T_FLOAT: { lua_Number v; memcpy(&v, *p, 8); *p += 8; lua_pushnumber(L, v); break; }
    case T_BIG: {
      int neg = *(*p)++;
      unsigned int n = get32(p);
      luaN_pushmagnitude(L, neg, *p, n);
      *p += n;
      break;
    }
    case T_STRING: { unsigned int n = get32(p); lua_pushlstring(L, (const char *)*p, n); *p += n; break; }
    case T_TABLE: {
      unsigned int items = get32(p), pairs = get32(p), i;
      lua_createtable(L, (int)items, (int)pairs);
      for (i = 1; i <= items; i++) { decode(L, p); lua_rawseti(L, -2, i); }
      for (i = 0; i < pairs; i++) { decode(L, p); decode(L, p); lua_rawset(L, -3); }
      break;
    }
    default: lua_pushnil(L);
  }
}

/* ---- errors ------------------------------------------------------------------------------------------------------------------ */

/* the parameters of a Lua function; what a C function was called with is no longer known */
static void arguments (lua_State *L, lua_Debug *ar) {
  unsigned int n = 0, max;
  size_t at = trace.n;
  lua_getinfo(L, "u", ar);
  max = ar->what[0] == 'C' ? 0 : ar->nparams;
  put32(L, &trace, 0);
  while (n < max && lua_getlocal(L, ar, (int)n + 1) != NULL) {
    if (lua_istable(L, -1) || lua_isfunction(L, -1) || (lua_isstring(L, -1) && lua_rawlen(L, -1) > 1024) ||
        (ttisbig(L->top - 1) && bigvalue(L->top - 1)->n > 256)) {
      put8(L, &trace, T_FUNCTION);
      puttext(L, &trace, luaL_typename(L, -1));
    }
    else encode(L, &trace, -1, NULL);
    lua_pop(L, 1);
    n++;
  }
  memcpy(trace.p + at, &n, 4);
}

static void traceback (lua_State *L) {
  lua_Debug ar;
  int level, count = 0;
  trace.n = 0;
  put32(L, &trace, 0);
  for (level = 0; level < 64 && lua_getstack(L, level, &ar); level++) {
    const char *name;
    lua_getinfo(L, "nSl", &ar);
    name = luaN_fname(L, ar.i_ci->func, NULL);
    if (ar.what[0] == 'C' && name == NULL) continue;  /* our own entry points */
    if (name == NULL) name = ar.name;
    puttext(L, &trace, name ? name : "");
    puttext(L, &trace, ar.what[0] == 'C' ? "C" : "Lua");
    puttext(L, &trace, ar.source[0] == '=' || ar.source[0] == '@' ? ar.source + 1 : ar.source);
    put32(L, &trace, (unsigned int)ar.currentline);
    arguments(L, &ar);
    count++;
  }
  memcpy(trace.p, &count, 4);
}

static int handler (lua_State *L) {
  traceback(L);
  return 1;
}

l_noret luaN_abort (lua_State *L, int code, const char *text) {
  luaN_fatal = code;
  luaN_kind = text;
  luaN_hold = 0;
  lua_checkstack(L, 4);
  if (code != LUAN_OUTPUT) {
    int left = luaN_fuel;
    luaN_fuel = 1 << 28;  /* the frames are not the program's work */
    traceback(L);
    luaN_fuel = left;
  }
  lua_pushstring(L, text);
  luaD_throw(L, LUA_ERRRUN);
}

/* the reference fails in its host language: the whole call is lost */
l_noret luaN_crash (lua_State *L, const char *term) { luaN_abort(L, LUAN_CRASH, term); }

/* error value on top of the stack -> output buffer */
static int describe (lua_State *L) {
  const char *text;
  size_t n;
  lua_settop(L, 1);
  out.n = 0;
  put8(L, &out, luaN_fatal ? luaN_fatal : STATUS_ERROR);
  puttext(L, &out, luaN_kind);
  lua_pushvalue(L, 1);
  if (luaN_on && !luaN_fatal) luaN_errtext(L);
  text = luaL_tolstring(L, -1, &n);
  putstr(L, &out, text, n);
  if (luaN_fatal) put8(L, &out, T_NIL);
  else { int old = cyclesok; cyclesok = 1; encode(L, &out, 1, NULL); cyclesok = old; }
  if (trace.n == 0) put32(L, &out, 0);
  else { room(L, &out, trace.n); memcpy(out.p + out.n, trace.p, trace.n); out.n += trace.n; }
  return 0;
}

static void plainerror (lua_State *L, int status) {
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "error while describing an error";
  out.n = 0;
  put8(L, &out, status);
  puttext(L, &out, luaN_kind);
  puttext(L, &out, text);
  put8(L, &out, T_NIL);
  put32(L, &out, 0);
}

/* ---- calls ------------------------------------------------------------------------------------------------------------------- */

typedef struct Job {
  const unsigned char *p;   /* encoded arguments, or a path and a value */
  const char *name;
  size_t namesize;
  const char *source;
  size_t sourcesize;
  int status;
} Job;

static void results (lua_State *L, int from) {
  int n = lua_gettop(L) - from + 1, i;
  out.n = 0;
  put8(L, &out, 0);
  put32(L, &out, (unsigned int)n);
  for (i = 0; i < n; i++) encode(L, &out, from + i, NULL);
}

static const char *reader (lua_State *L, void *ud, size_t *size) {
  Job *j = (Job *)ud;
  const char *s = j->source;
  (void)L;
  *size = j->sourcesize;
  j->source = NULL;
  j->sourcesize = 0;
  return *size ? s : NULL;
}

static int doload (lua_State *L) {
  Job *j = (Job *)lua_touserdata(L, 1);
  lua_settop(L, 0);
  lua_pushlstring(L, j->name, j->namesize);
  if (lua_load(L, reader, j, lua_tostring(L, 1), "t") != LUA_OK) {
    j->status = STATUS_SYNTAX;
    return lua_error(L);
  }
  lua_call(L, 0, LUA_MULTRET);
  results(L, 2);
  return 0;
}

/* walks `count` keys of the encoded path; leaves the container and the last key on the stack */
static void walk (lua_State *L, const unsigned char **p, unsigned int count, int create) {
  unsigned int i;
  lua_pushglobaltable(L);
  for (i = 0; i + 1 < count; i++) {
    decode(L, p);
    lua_pushvalue(L, -1);
    if (lua_istable(L, -3)) lua_rawget(L, -3);
    else { lua_pop(L, 1); lua_pushnil(L); }
    if (lua_isnil(L, -1) && create && lua_istable(L, -3)) {
      lua_pop(L, 1);
      lua_newtable(L);
      lua_pushvalue(L, -2);
      lua_pushvalue(L, -2);
      lua_rawset(L, -5);
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
  }
  decode(L, p);
}

static int docall (lua_State *L) {
  Job *j = (Job *)lua_touserdata(L, 1);
  const unsigned char *p = j->p;
  unsigned int n, i;
  lua_settop(L, 0);
  walk(L, &p, get32(&p), 0);
  if (lua_istable(L, 1)) lua_rawget(L, 1);
  else { lua_pop(L, 1); lua_pushnil(L); }
  lua_remove(L, 1);
  n = get32(&p);
  for (i = 0; i < n; i++) decode(L, &p);
  lua_call(L, (int)n, LUA_MULTRET);
  results(L, 1);
  return 0;
}

static int doset (lua_State *L) {
  Job *j = (Job *)lua_touserdata(L, 1);
  const unsigned char *p = j->p;
  lua_settop(L, 0);
  walk(L, &p, get32(&p), j->namesize != 0);
  decode(L, &p);
  if (lua_istable(L, 1)) lua_rawset(L, 1);
  lua_settop(L, 0);
  results(L, 1);
  return 0;
}

static int doget (lua_State *L) {
  Job *j = (Job *)lua_touserdata(L, 1);
  const unsigned char *p = j->p;
  lua_settop(L, 0);
  walk(L, &p, get32(&p), 0);
  if (lua_istable(L, 1)) lua_rawget(L, 1);
  else lua_pushnil(L);
  results(L, 2);
  return 0;
}

static int dofunctions (lua_State *L) {
  int n = 0;
  lua_settop(L, 0);
  lua_newtable(L);
  lua_pushglobaltable(L);
  lua_pushnil(L);
  while (lua_next(L, 2)) {
    if (lua_isfunction(L, -1) && lua_type(L, -2) == LUA_TSTRING) {
      lua_pushvalue(L, -2);
      lua_rawseti(L, 1, ++n);
    }
    lua_pop(L, 1);
  }
  lua_settop(L, 1);
  results(L, 1);
  return 0;
}

static int hostfunction (lua_State *L) {
  int id = (int)lua_tointeger(L, lua_upvalueindex(1));
  int n = lua_gettop(L), i, kind;
  unsigned char *reply;
  const unsigned char *p;
  unsigned int count;
  Buf mine = args;  /* a nested call (there is none today) would use its own buffer */
  args.p = NULL; args.n = args.size = 0;
  mine.n = 0;
  put32(L, &mine, (unsigned int)n);
  for (i = 1; i <= n; i++) encode(L, &mine, i, NULL);
  luaN_charge(L, 100 + mine.n);  /* the host copies it, and makes messages of it */
  reply = host_call(id, mine.p, (int)mine.n);
  if (reply == NULL) reply = host_wait();  /* a promise: this stack is suspended until it is kept */
  reset(&mine);
  args = mine;
  lua_settop(L, 0);
  kind = reply[0];
  p = reply + 1;
  count = get32(&p);
  luaL_checkstack(L, (int)count + 2, NULL);
  for (i = 0; i < (int)count; i++) decode(L, &p);
  free(reply);
  if (kind == 1) { luaN_kind = "error"; lua_settop(L, 1); return lua_error(L); }
  if (kind == 2) luaN_crash(L, lua_tostring(L, 1));
  return (int)count;
}

/* path, then name and id pairs: makes functions of the host appear in the table at `path` */
static int dobind (lua_State *L) {
  Job *j = (Job *)lua_touserdata(L, 1);
  const unsigned char *p = j->p;
  unsigned int n, i;
  lua_settop(L, 0);
  walk(L, &p, get32(&p), 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, 1);
  if (!lua_istable(L, 3)) {
    lua_settop(L, 2);
    lua_newtable(L);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_rawset(L, 1);
  }
  n = get32(&p);
  for (i = 0; i < n; i++) {
    decode(L, &p);
    decode(L, &p);
    luaN_pushnamed(L, "ao", lua_tostring(L, -2), hostfunction, 1);
    lua_rawset(L, 3);
  }
  lua_settop(L, 0);
  results(L, 1);
  return 0;
}

static int running = 0;

/* lets the host see at once that a call did not suspend */
EXPORT("hb_running") int hb_running (void) { return running; }

static int run (lua_CFunction f, Job *j) {
  lua_State *L = L0;
  running = 1;
  luaN_fatal = 0;
  luaN_kind = "error";
  reset(&out);
  reset(&trace);
  lua_settop(L, 0);
  lua_pushcfunction(L, handler);
  lua_pushcfunction(L, f);
  lua_pushlightuserdata(L, j);
  if (lua_pcall(L, 1, 0, 1) != LUA_OK) {
    int fatal = luaN_fatal;
    luaN_fuel += 100000;  /* for the description alone; the host sees it in hb_used and takes it off */
    slice += 100000;
    memlimit += 1024 * 1024;
    lua_remove(L, 1);
    lua_pushcfunction(L, describe);
    lua_insert(L, 1);
    luaN_fatal = fatal;
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
      if (fatal == 0) fatal = luaN_fatal;  /* a handler that makes the text used up the budget */
      plainerror(L, fatal ? fatal : STATUS_ERROR);
    }
    if (j->status) out.p[0] = (unsigned char)j->status;
    memlimit -= 1024 * 1024;
    slice -= 100000;
    luaN_fuel -= 100000;
  }
  lua_settop(L, 0);
  luaN_fatal = 0;
  running = 0;
  return out.p[0];
}

EXPORT("hb_load") int hb_load (const char *name, int namesize, const char *source, int size) {
  Job j = { NULL, name, (size_t)namesize, source, (size_t)size, 0 };
  return run(doload, &j);
}

EXPORT("hb_call") int hb_call (const unsigned char *p) {
  Job j = { p, NULL, 0, NULL, 0, 0 };
  return run(docall, &j);
}

EXPORT("hb_set") int hb_set (const unsigned char *p, int create) {
  Job j = { p, NULL, (size_t)create, NULL, 0, 0 };
  return run(doset, &j);
}

EXPORT("hb_get") int hb_get (const unsigned char *p) {
  Job j = { p, NULL, 0, NULL, 0, 0 };
  return run(doget, &j);
}

EXPORT("hb_bind") int hb_bind (const unsigned char *p) {
  Job j = { p, NULL, 0, NULL, 0, 0 };
  return run(dobind, &j);
}

EXPORT("hb_functions") int hb_functions (void) {
  Job j = { NULL, NULL, 0, NULL, 0, 0 };
  return run(dofunctions, &j);
}

EXPORT("hb_collect") void hb_collect (void) {
  reset(&out); reset(&trace); reset(&args);
  lua_gc(L0, LUA_GCCOLLECT, 0);
}

static int openlibs (lua_State *L) {
  if (luaN_on) luaN_openlibs(L);
  else luaN_openstandard(L);
  return 0;
}

EXPORT("hb_create") int hb_create (int network) {
  luaN_on = network;
  luaN_fuel = INT_MAX;
  L0 = lua_newstate(allocate, NULL);
  if (L0 == NULL) return 1;
  lua_pushcfunction(L0, openlibs);
  return lua_pcall(L0, 0, 0, 0);
}
