/* lcalendar.h -- the calendar that both `os` libraries share. */
#ifndef lcalendar_h
#define lcalendar_h
#include <time.h>
#include "lua.h"

typedef struct Date { lua_Integer year; int month, day, hour, min, sec, wday, yday; } Date;

extern const char *const luaN_daynames[];
extern const char *const luaN_monthnames[];
extern void luaN_civil (lua_Integer t, Date *d);
extern int luaN_isoweek (const Date *d, lua_Integer *year);  /* also gives the year that the week belongs to */

extern struct tm *luaN_gmtime (lua_Integer t, struct tm *tm);
extern lua_Integer luaN_mktime (struct tm *tm);
extern size_t luaN_strftime (char *s, size_t size, const char *specifier, const struct tm *tm, const char *zone);
extern const char *luaN_setlocale (const char *name);
#endif
