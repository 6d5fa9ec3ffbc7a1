/* lnetlib.h -- helpers that lnetlib.c and lnetstr.c share. */
#ifndef lnetlib_h
#define lnetlib_h
#include "lnet.h"

extern TValue *luaN_arg (lua_State *L, int i);
extern int luaN_argnum (lua_State *L, int i, TValue *v);
extern int luaN_argint (lua_State *L, int i, lua_Integer *n);
extern int luaN_argflt (lua_State *L, int i, lua_Number *n);
extern int luaN_utf8 (char *b, unsigned int c);
extern void luaN_openstring (lua_State *L);
extern double luaN_instructions (void);
extern void luaN_seed (double x);
#endif
