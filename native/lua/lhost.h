/* lhost.h -- included before every file: what replaces the C library's input and output. */
#ifndef lhost_h
#define lhost_h
extern __attribute__((import_module("env"), import_name("host_print"))) void host_print (const char *text, int size);
#endif
