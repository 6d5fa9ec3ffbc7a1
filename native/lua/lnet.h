/*
** lnet.h -- what the patched Lua core and our own files share.
**
** One WebAssembly instance holds exactly one Lua state, so these are plain globals: they live in linear memory and are therefore part
** of a snapshot. `luaN_on` chooses the dialect when the state is created and never changes afterwards.
*/
#ifndef lnet_h
#define lnet_h

#include "lua.h"
#include "lobject.h"
#include "lstate.h"

/* ---- dialect and budgets ---- */

extern int luaN_on;            /* 1: the network's dialect, 0: plain Lua 5.3 */
extern int luaN_fuel;          /* instructions left before luaN_outoffuel is called */
extern int luaN_fatal;         /* not 0: this call is lost, no pcall may catch it (LUAN_...) */
extern int luaN_hold;          /* no emergency collection now */
extern unsigned int luaN_serial;  /* number of the next table */
extern int luaN_maxstack;      /* stack slots of one coroutine */
extern const char *luaN_kind;  /* family of the error being raised */

#define LUAN_INSTRUCTIONS 1    /* instruction limit */
#define LUAN_TIME 2            /* wall time limit */
#define LUAN_MEMORY 3          /* memory limit */
#define LUAN_DEPTH 4           /* too many nested calls */
#define LUAN_CRASH 5           /* the reference's host language fails here */
#define LUAN_OUTPUT 6          /* result too large */
#define LUAN_RECURSIVE 7       /* a table that contains itself cannot become a message */

extern void luaN_reserve (lua_State *L, size_t bytes);
extern void luaN_outoffuel (lua_State *L);
extern void luaN_look (void);  /* let the next instruction look at the time */
extern l_noret luaN_abort (lua_State *L, int code, const char *text);
extern l_noret luaN_crash (lua_State *L, const char *term);

/* charge work that is done in C: 1 for what takes about 5 ns. Loops that may go on for long charge as they go */
#define luaN_capped(n)  ((n) > (1 << 28) ? 1 << 28 : (int)(n))
#define luaN_charge(L,n)  { luaN_spend(n); if (luaN_fuel < 0) luaN_outoffuel(L); }

/* the same where nobody can be stopped: whoever is asked next will be; never so much that the count turns round */
#define luaN_spend(n)  { if (luaN_fuel > -(1 << 28)) luaN_fuel -= luaN_capped(n); }
#define luaN_spent(n)  (luaN_fuel = luaN_fuel > -(1 << 28) ? luaN_fuel - luaN_capped(n) : luaN_fuel, 1)

/* ---- errors of the dialect ---- */

extern l_noret luaN_raise (lua_State *L, const char *kind);  /* message on top of the stack */
extern l_noret luaN_badarith (lua_State *L, const char *op, const TValue *a, const TValue *b);
extern l_noret luaN_badop (lua_State *L, const char *op, const TValue *a, const TValue *b);
extern l_noret luaN_badindex (lua_State *L, const TValue *o, const TValue *key);
extern l_noret luaN_badcall (lua_State *L, const TValue *o);
extern l_noret luaN_badmethod (lua_State *L, const TValue *o, const TValue *name);
extern l_noret luaN_badargs (lua_State *L, const char *fn, int n);  /* the first n values of the frame */
extern void luaN_errtext (lua_State *L);  /* error value on top -> the text that pcall gives */
extern const char *luaN_fname (lua_State *L, const TValue *f, const char **module);

/* ---- big integers (lbig.c) ---- */

typedef struct BigInt {
  CommonHeader;
  lu_byte neg;
  int n;                 /* limbs in use, top limb not 0; the value never fits in 64 bits */
  int cap;               /* limbs allocated */
  unsigned int d[1];     /* magnitude, least significant first */
} BigInt;

#define LUA_TNUMBIG  (LUA_TNUMBER | (2 << 4))
#define ttisbig(o)   checktag((o), ctb(LUA_TNUMBIG))
#define ttisint(o)   (ttisinteger(o) || ttisbig(o))
#define gco2big(o)   ((BigInt *)(o))
#define bigvalue(o)  ((BigInt *)(val_(o).gc))
#define sizebig(n)   (offsetof(BigInt, d) + (size_t)(n) * sizeof(unsigned int))
#define setbigvalue(L,obj,x) \
  { TValue *io = (obj); BigInt *x_ = (x); val_(io).gc = (GCObject *)x_; settt_(io, ctb(LUA_TNUMBIG)); }

extern int luaN_arith (lua_State *L, int op, const TValue *a, const TValue *b, StkId res);
extern int luaN_tobigint (lua_State *L, const TValue *o, StkId res);  /* any integral number -> integer */
extern int luaN_float2int (lua_State *L, lua_Number f, StkId res);     /* integral float -> integer of any size */
extern lua_Number luaN_big2float (const BigInt *b, int *ok);
extern int luaN_cmpnum (const TValue *a, const TValue *b);             /* exact; -1 0 1 */
extern int luaN_bigequal (const BigInt *a, const BigInt *b);
extern unsigned int luaN_bighash (const BigInt *b);
extern unsigned int luaN_floathash (lua_Number f);
extern TString *luaN_bigtext (lua_State *L, const TValue *o, int base);
extern int luaN_parseint (lua_State *L, const char *s, size_t n, int base, StkId res);
extern void luaN_pushmagnitude (lua_State *L, int neg, const unsigned char *bytes, size_t n);
extern void luaN_pushint (lua_State *L, const TValue *o);

/* ---- numbers and text (lnetnum.c) ---- */

extern int luaN_fmtfloat (char *buff, lua_Number x);
extern size_t luaN_str2num (const char *s, size_t len, TValue *o);

/* ---- virtual machine (lnetvm.c) ---- */

extern int luaN_less (lua_State *L, const TValue *l, const TValue *r, int swapped);
extern int luaN_lessequal (lua_State *L, const TValue *l, const TValue *r, int swapped);
extern int luaN_forprep (lua_State *L, StkId ra);
extern int luaN_forloop (lua_State *L, StkId ra);
extern int luaN_keyorder (const TValue *a, const TValue *b);
extern int luaN_strcmp (const TString *a, const TString *b);
extern void luaN_pushtext (lua_State *L, const TValue *o);  /* tostring without metamethods */
extern l_noret luaN_badkey (lua_State *L, const TValue *key);
extern l_noret luaN_badloop (lua_State *L, const TValue *init);
extern l_noret luaN_nobinary (lua_State *L, int tm, const TValue *a, const TValue *b);
extern l_noret luaN_badbreak (lua_State *L);

/* ---- libraries of the dialect ---- */

extern void luaN_openlibs (lua_State *L);
extern void luaN_openstandard (lua_State *L);
extern void luaN_register (lua_State *L, const char *module, const char *name, lua_CFunction f);
extern void luaN_pushnamed (lua_State *L, const char *module, const char *name, lua_CFunction f, int nup);
extern int luaN_sort (lua_State *L);

/* ---- imports: the only things this module gets from outside ---- */

#define IMPORT(name) __attribute__((import_module("env"), import_name(name)))
extern IMPORT("host_call") unsigned char *host_call (int id, const unsigned char *args, int size);
extern IMPORT("host_wait") unsigned char *host_wait (void);
extern IMPORT("host_time") double host_time (void);
extern IMPORT("host_tick") int host_tick (void);
extern IMPORT("host_digits") int host_digits (double x, char *digits);

#endif
