/*
** lcalendar.c -- days, weeks and dates as text: the Gregorian calendar in UTC and the C locale, which is all the time zone and language
** there is here. For the dialect's `os` (lnetlib.c) and for PUC's (loslib.c, patches/7-plain-os.patch).
*/
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lua.h"
#include "lcalendar.h"

const char *const luaN_daynames[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
const char *const luaN_monthnames[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September",
  "October", "November", "December" };

/* days of a year before a month */
static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };

static lua_Integer floordiv (lua_Integer a, lua_Integer b) { return a / b - (a % b < 0); }

static int lastdigits (lua_Integer y) { return (int)(y - floordiv(y, 100) * 100); }

static int isleap (lua_Integer y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }

void luaN_civil (lua_Integer t, Date *d) {
  lua_Integer days = floordiv(t, 86400), z = days + 719468, era = floordiv(z, 146097);
  int rest = (int)(t - days * 86400), doe = (int)(z - era * 146097), yoe, doy, mp;
  d->hour = rest / 3600; d->min = rest / 60 % 60; d->sec = rest % 60;
  d->wday = (int)((days % 7 + 11) % 7);  /* 1970-01-01 was a Thursday (4) */
  yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  mp = (5 * doy + 2) / 153;
  d->day = doy - (153 * mp + 2) / 5 + 1;
  d->month = mp < 10 ? mp + 3 : mp - 9;
  d->year = yoe + era * 400 + (d->month <= 2);
  d->yday = before[d->month - 1] + d->day - 1 + (isleap(d->year) && d->month > 2);
}

/* days from 1970-01-01 to the first of January */
static lua_Integer newyear (lua_Integer y) {
  return 365 * (y - 1970) + floordiv(y - 1, 4) - floordiv(y - 1, 100) + floordiv(y - 1, 400) - 477;
}

static int weeksin (lua_Integer y) {
  int wday = (int)((newyear(y) % 7 + 11) % 7);
  return wday == 4 || (isleap(y) && wday == 3) ? 53 : 52;
}

int luaN_isoweek (const Date *d, lua_Integer *year) {
  int wd = d->wday == 0 ? 7 : d->wday, w = (d->yday + 1 - wd + 10) / 7;
  *year = d->year;
  if (w < 1) return weeksin(--*year);
  if (w > weeksin(d->year)) { ++*year; return 1; }
  return w;
}

/* ---- what loslib.c takes from <time.h> ---- */

struct tm *luaN_gmtime (lua_Integer t, struct tm *tm) {
  Date d;
  luaN_civil(t, &d);
  if (d.year > INT_MAX || d.year - 1900 < INT_MIN) return NULL;
  tm->tm_sec = d.sec; tm->tm_min = d.min; tm->tm_hour = d.hour;
  tm->tm_mday = d.day; tm->tm_mon = d.month - 1; tm->tm_year = (int)(d.year - 1900);
  tm->tm_wday = d.wday; tm->tm_yday = d.yday; tm->tm_isdst = 0;
  return tm;
}

/* also normalises the fields, which are so small that no sum gets too large */
lua_Integer luaN_mktime (struct tm *tm) {
  lua_Integer years = floordiv(tm->tm_mon, 12), year = tm->tm_year + 1900 + years, t;
  int month = (int)(tm->tm_mon - years * 12);
  t = newyear(year) + before[month] + (isleap(year) && month > 1) + tm->tm_mday - 1;
  t = ((t * 24 + tm->tm_hour) * 60 + tm->tm_min) * 60 + tm->tm_sec;
  luaN_gmtime(t, tm);
  return t;
}

size_t luaN_strftime (char *s, size_t size, const char *specifier, const struct tm *tm, const char *zone) {
  lua_Integer year = (lua_Integer)tm->tm_year + 1900, isoyear;
  Date d = { year, tm->tm_mon + 1, tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec, tm->tm_wday, tm->tm_yday };
  int week = luaN_isoweek(&d, &isoyear), hour = (d.hour + 11) % 12 + 1;
  const char *day = luaN_daynames[d.wday], *month = luaN_monthnames[tm->tm_mon], *half = d.hour < 12 ? "AM" : "PM";
  /* `E` and `O` mean nothing in the C locale */
  switch (specifier[strlen(specifier) - 1]) {
    case 'a': return (size_t)snprintf(s, size, "%.3s", day);
    case 'A': return (size_t)snprintf(s, size, "%s", day);
    case 'b': case 'h': return (size_t)snprintf(s, size, "%.3s", month);
    case 'B': return (size_t)snprintf(s, size, "%s", month);
    case 'c':
      return (size_t)snprintf(s, size, "%.3s %.3s %2d %02d:%02d:%02d %lld", day, month, d.day, d.hour, d.min, d.sec, year);
    case 'C': return (size_t)snprintf(s, size, "%lld", floordiv(year, 100));
    case 'd': return (size_t)snprintf(s, size, "%02d", d.day);
    case 'D': case 'x': return (size_t)snprintf(s, size, "%02d/%02d/%02d", d.month, d.day, lastdigits(year));
    case 'e': return (size_t)snprintf(s, size, "%2d", d.day);
    case 'F': return (size_t)snprintf(s, size, "%lld-%02d-%02d", year, d.month, d.day);
    case 'g': return (size_t)snprintf(s, size, "%02d", lastdigits(isoyear));
    case 'G': return (size_t)snprintf(s, size, "%lld", isoyear);
    case 'H': return (size_t)snprintf(s, size, "%02d", d.hour);
    case 'I': return (size_t)snprintf(s, size, "%02d", hour);
    case 'j': return (size_t)snprintf(s, size, "%03d", d.yday + 1);
    case 'm': return (size_t)snprintf(s, size, "%02d", d.month);
    case 'M': return (size_t)snprintf(s, size, "%02d", d.min);
    case 'n': return (size_t)snprintf(s, size, "\n");
    case 'p': return (size_t)snprintf(s, size, "%s", half);
    case 'r': return (size_t)snprintf(s, size, "%02d:%02d:%02d %s", hour, d.min, d.sec, half);
    case 'R': return (size_t)snprintf(s, size, "%02d:%02d", d.hour, d.min);
    case 'S': return (size_t)snprintf(s, size, "%02d", d.sec);
    case 't': return (size_t)snprintf(s, size, "\t");
    case 'T': case 'X': return (size_t)snprintf(s, size, "%02d:%02d:%02d", d.hour, d.min, d.sec);
    case 'u': return (size_t)snprintf(s, size, "%d", d.wday == 0 ? 7 : d.wday);
    case 'U': return (size_t)snprintf(s, size, "%02d", (d.yday + 7 - d.wday) / 7);
    case 'V': return (size_t)snprintf(s, size, "%02d", week);
    case 'w': return (size_t)snprintf(s, size, "%d", d.wday);
    case 'W': return (size_t)snprintf(s, size, "%02d", (d.yday + 7 - (d.wday + 6) % 7) / 7);
    case 'y': return (size_t)snprintf(s, size, "%02d", lastdigits(year));
    case 'Y': return (size_t)snprintf(s, size, "%lld", year);
    case 'z': return (size_t)snprintf(s, size, "+0000");
    case 'Z': return (size_t)snprintf(s, size, "%s", zone);
    default: return (size_t)snprintf(s, size, "%%");
  }
}

const char *luaN_setlocale (const char *name) {
  return name == NULL || *name == '\0' || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0 ? "C" : NULL;
}
