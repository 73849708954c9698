// Makes one system call of a program fail, by LD_PRELOAD.
//
// FAULT_CALL   its name; getdents64 and openat2 are those made by syscall(2)
// FAULT_ERROR  the error number; 0: it reads or writes less than it was asked for
// FAULT_FIRST, FAULT_LAST   which calls of that name, from 1
// FAULT_NAMED  set where no file without a name can be opened
// FAULT_COUNTS a file that gets a line "NAME COUNT" for each name that was called
//
// Reads and writes of stderr neither count nor fail: the message must get through.
#define _GNU_SOURCE 1
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct counter {
    const char *name;
    atomic_long count;
    struct counter *next;
};

static struct counter *_Atomic counters;
static const char *wanted;
static long first, last;
static int number;

static long setting(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

__attribute__((constructor)) static void configure(void) {
    wanted = getenv("FAULT_CALL");
    first = setting("FAULT_FIRST");
    last = setting("FAULT_LAST");
    number = (int)setting("FAULT_ERROR");
}

static void report(void) {
    const char *path = getenv("FAULT_COUNTS");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    for (struct counter *each = counters; each; each = each->next)
        fprintf(file, "%s %ld\n", each->name, each->count);
    fclose(file);
}

// The tools end by this, and destructors would not run.
void _exit(int status) {
    report();
    syscall(SYS_exit_group, status);
    __builtin_unreachable();
}

// Counts a call; whether it is one that is to fail.
static int is_faulty(struct counter *each) {
    const long count = ++each->count;
    if (count == 1) {
        each->next = counters;
        while (!atomic_compare_exchange_weak(&counters, &each->next, each)) {}
    }
    return wanted && strcmp(wanted, each->name) == 0 && first <= count && count <= last;
}

#define IS_FAULTY(name) ({ static struct counter counter = {name, 0, NULL}; is_faulty(&counter); })

// The C library's function.
#define REAL(function) \
    ({ \
        static __typeof__(function) *real; \
        if (!real) real = (__typeof__(function) *)dlsym(RTLD_NEXT, #function); \
        real; \
    })

#define FAIL_IF(condition, failure) \
    if (condition) { \
        errno = number; \
        return failure; \
    }

#define CALL(type, function, parameters, arguments) \
    type function parameters { \
        FAIL_IF(IS_FAULTY(#function), -1) \
        return REAL(function) arguments; \
    }

#define TRANSFER(function, fd, size, parameters, arguments) \
    ssize_t function parameters { \
        if (fd != STDERR_FILENO && IS_FAULTY(#function)) { \
            FAIL_IF(number != 0, -1) \
            if (size > 1) size = size > 4096 ? 4093 : 1; \
        } \
        return REAL(function) arguments; \
    }

TRANSFER(read, fd, size, (int fd, void *buffer, size_t size), (fd, buffer, size))
TRANSFER(write, fd, size, (int fd, const void *buffer, size_t size), (fd, buffer, size))
TRANSFER(pread, fd, size, (int fd, void *buffer, size_t size, off_t at), (fd, buffer, size, at))
TRANSFER(pwrite, fd, size, (int fd, const void *buffer, size_t size, off_t at),
    (fd, buffer, size, at))
TRANSFER(send, fd, size, (int fd, const void *buffer, size_t size, int flags),
    (fd, buffer, size, flags))
TRANSFER(recv, fd, size, (int fd, void *buffer, size_t size, int flags), (fd, buffer, size, flags))

int close(int fd) {
    const int result = REAL(close)(fd);
    // It is closed all the same.
    FAIL_IF(IS_FAULTY("close"), -1)
    return result;
}

CALL(int, fsync, (int fd), (fd))
CALL(int, flock, (int fd, int operation), (fd, operation))
CALL(int, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size))
CALL(int, dup, (int fd), (fd))
CALL(int, pipe2, (int fds[2], int flags), (fds, flags))
CALL(int, poll, (struct pollfd *fds, nfds_t count, int timeout), (fds, count, timeout))
CALL(int, socket, (int domain, int type, int protocol), (domain, type, protocol))
CALL(int, connect, (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size))

CALL(int, access, (const char *path, int mode), (path, mode))
CALL(int, stat, (const char *path, struct stat *status), (path, status))
CALL(int, lstat, (const char *path, struct stat *status), (path, status))
CALL(int, fstat, (int fd, struct stat *status), (fd, status))
CALL(int, fstatat, (int fd, const char *path, struct stat *status, int flags),
    (fd, path, status, flags))
CALL(ssize_t, readlinkat, (int fd, const char *path, char *buffer, size_t size),
    (fd, path, buffer, size))

CALL(int, rename, (const char *from, const char *to), (from, to))
CALL(int, link, (const char *from, const char *to), (from, to))
CALL(int, linkat, (int from, const char *old, int to, const char *new, int flags),
    (from, old, to, new, flags))
CALL(int, unlink, (const char *path), (path))
CALL(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode))
CALL(int, mkdirat, (int fd, const char *path, mode_t mode), (fd, path, mode))
CALL(int, mknodat, (int fd, const char *path, mode_t mode, dev_t device), (fd, path, mode, device))
CALL(int, symlinkat, (const char *target, int fd, const char *path), (target, fd, path))
CALL(int, chmod, (const char *path, mode_t mode), (path, mode))
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode))
CALL(int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group))
CALL(int, fchownat, (int fd, const char *path, uid_t user, gid_t group, int flags),
    (fd, path, user, group, flags))
CALL(int, futimens, (int fd, const struct timespec times[2]), (fd, times))
CALL(int, utimensat, (int fd, const char *path, const struct timespec times[2], int flags),
    (fd, path, times, flags))

CALL(ssize_t, fgetxattr, (int fd, const char *name, void *value, size_t size),
    (fd, name, value, size))
CALL(ssize_t, flistxattr, (int fd, char *names, size_t size), (fd, names, size))
CALL(ssize_t, lgetxattr, (const char *path, const char *name, void *value, size_t size),
    (path, name, value, size))
CALL(ssize_t, llistxattr, (const char *path, char *names, size_t size), (path, names, size))
CALL(int, fsetxattr, (int fd, const char *name, const void *value, size_t size, int flags),
    (fd, name, value, size, flags))
CALL(int, lsetxattr, (const char *path, const char *name, const void *value, size_t size, int flags),
    (path, name, value, size, flags))

// The optional mode of open(2).
#define TAKE_MODE(flags) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

int open(const char *path, int flags, ...) {
    TAKE_MODE(flags)
    FAIL_IF(IS_FAULTY("open"), -1)
    return REAL(open)(path, flags, mode);
}

// `tmpfile` is the openat of a file without a name.
int openat(int directory, const char *path, int flags, ...) {
    TAKE_MODE(flags)
    FAIL_IF(IS_FAULTY("openat"), -1)
    if ((flags & O_TMPFILE) == O_TMPFILE) {
        FAIL_IF(IS_FAULTY("tmpfile"), -1)
        if (getenv("FAULT_NAMED")) {
            errno = EOPNOTSUPP;
            return -1;
        }
    }
    return REAL(openat)(directory, path, flags, mode);
}

long syscall(long call, ...) {
    va_list rest;
    long words[6];
    va_start(rest, call);
    for (int index = 0; index < 6; index++) words[index] = va_arg(rest, long);
    va_end(rest);
    FAIL_IF(call == SYS_getdents64 && IS_FAULTY("getdents64"), -1)
    FAIL_IF(call == SYS_openat2 && IS_FAULTY("openat2"), -1)
    return REAL(syscall)(call, words[0], words[1], words[2], words[3], words[4], words[5]);
}

DIR *opendir(const char *path) {
    FAIL_IF(IS_FAULTY("opendir"), NULL)
    return REAL(opendir)(path);
}

struct dirent *readdir(DIR *directory) {
    FAIL_IF(IS_FAULTY("readdir"), NULL)
    return REAL(readdir)(directory);
}

int pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    if (IS_FAULTY("pthread_create")) return number;
    return REAL(pthread_create)(thread, attributes, body, argument);
}
