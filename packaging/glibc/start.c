// Functions that programs linked with a newer C library need to start and run with glibc 2.28.
//
// Up to glibc 2.33 a program ran its own constructors, by a function in its start files. Newer start files do
// not have this function, because the C library runs the constructors. Also, the functions of stat(2) were
// not exported: a program got them from libc_nonshared.a, based on versioned ones.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

typedef void (*constructor)(int, char **, char **);
typedef int (*start_main)(int, char **, char **);

extern constructor __preinit_array_start[], __preinit_array_end[];
extern constructor __init_array_start[], __init_array_end[];

int __real___libc_start_main(
    start_main, int, char **, void (*)(int, char **, char **), void (*)(void), void (*)(void), void *);

static void run_constructors(int count, char **arguments, char **environment) {
    for (constructor *each = __preinit_array_start; each < __preinit_array_end; each++) {
        (*each)(count, arguments, environment);
    }
    for (constructor *each = __init_array_start; each < __init_array_end; each++) {
        (*each)(count, arguments, environment);
    }
}

// Newer C libraries call the given function instead of running the constructors.
int __wrap___libc_start_main(
    start_main main, int count, char **arguments, void (*initialize)(int, char **, char **),
    void (*finish)(void), void (*finish_loader)(void), void *stack_end) {
    return __real___libc_start_main(
        main, count, arguments, initialize ? initialize : run_constructors, finish, finish_loader,
        stack_end);
}

#if defined(__x86_64__)
enum { stat_version = 1 };
#else
enum { stat_version = 0 };
#endif

int __xstat(int, const char *, struct stat *);
int __lxstat(int, const char *, struct stat *);
int __fxstat(int, int, struct stat *);
int __fxstatat(int, int, const char *, struct stat *, int);
int __xmknodat(int, int, const char *, mode_t, dev_t *);

int stat(const char *restrict path, struct stat *restrict result) {
    return __xstat(stat_version, path, result);
}

int lstat(const char *restrict path, struct stat *restrict result) {
    return __lxstat(stat_version, path, result);
}

int fstat(int descriptor, struct stat *result) {
    return __fxstat(stat_version, descriptor, result);
}

int fstatat(int directory, const char *restrict path, struct stat *restrict result, int flags) {
    return __fxstatat(stat_version, directory, path, result, flags);
}

int mknodat(int directory, const char *path, mode_t mode, dev_t device) {
    return __xmknodat(0, directory, path, mode, &device);
}

// libstdc++ takes one lock less when this is not zero; glibc has it from 2.32 on.
char __libc_single_threaded = 0;

struct search {
    ElfW(Addr) address;
    struct dl_find_object *result;
};

static int look_at(struct dl_phdr_info *info, size_t size, void *context) {
    struct search *search = context;
    const ElfW(Phdr) *frames = NULL, *segment = NULL;
    for (const ElfW(Phdr) *each = info->dlpi_phdr; each < info->dlpi_phdr + info->dlpi_phnum; each++) {
        ElfW(Addr) start = info->dlpi_addr + each->p_vaddr;
        if (each->p_type == PT_GNU_EH_FRAME) {
            frames = each;
        } else if (each->p_type == PT_LOAD && search->address - start < each->p_memsz) {
            segment = each;
        }
    }
    if (!frames || !segment) {
        return 0;
    }
    search->result->dlfo_flags = 0;
    search->result->dlfo_map_start = (void *)(info->dlpi_addr + segment->p_vaddr);
    search->result->dlfo_map_end =
        (void *)(info->dlpi_addr + segment->p_vaddr + segment->p_memsz);
    search->result->dlfo_link_map = NULL;
    search->result->dlfo_eh_frame = (void *)(info->dlpi_addr + frames->p_vaddr);
    return 1;
}

// The function by which libgcc unwinds; glibc has it from 2.35 on.
int _dl_find_object(void *address, struct dl_find_object *result) {
    struct search search = {(ElfW(Addr))address, result};
    return dl_iterate_phdr(look_at, &search) ? 0 : -1;
}
