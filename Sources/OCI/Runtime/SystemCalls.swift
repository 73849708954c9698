/// The system calls that a program of an image may make: the table for a container's filter.
///
/// It allows what other engines allow by default, except calls that need a capability that our
/// containers do not have. A call in no list fails with ENOSYS, so that C libraries fall back from
/// calls that are newer than the table. Runtimes ignore names of calls that an architecture does
/// not have.
///
/// - Spec: runtime-spec v1.0.2, config-linux.md, Seccomp; seccomp(2), syscalls(2).
enum SystemCalls {
    /// Allowed for every program.
    static let allowed: [String] = words(
        """
        access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3
        faccessat faccessat2 fadvise64 fadvise64_64 arm_fadvise64_64 fallocate fchdir fchmod
        fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync flock fstat fstat64
        fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64
        inotify_add_watch inotify_init inotify_init1 inotify_rm_watch fanotify_mark ioctl lchown
        lchown32 link linkat _llseek lseek lstat lstat64 mkdir mkdirat mknod mknodat
        name_to_handle_at newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64
        pwritev pwritev2 read readahead readdir readlink readlinkat readv rename renameat renameat2
        rmdir sendfile sendfile64 splice stat stat64 statfs statfs64 statx symlink symlinkat sync
        sync_file_range sync_file_range2 arm_sync_file_range syncfs tee truncate truncate64 umask
        unlink unlinkat utime utimensat utimensat_time64 utimes write writev cachestat

        fgetxattr flistxattr fremovexattr fsetxattr getxattr lgetxattr listxattr llistxattr
        lremovexattr lsetxattr removexattr setxattr getxattrat listxattrat removexattrat setxattrat

        brk get_mempolicy madvise map_shadow_stack mbind membarrier memfd_create memfd_secret
        mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall
        munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages set_mempolicy
        set_mempolicy_home_node

        epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
        epoll_wait_old eventfd eventfd2 io_cancel io_destroy io_getevents io_pgetevents
        io_pgetevents_time64 io_setup io_submit _newselect poll ppoll ppoll_time64 pselect6
        pselect6_time64 select

        capget capset execve execveat exit exit_group fork vfork getegid getegid32 geteuid geteuid32
        getgid getgid32 getgroups getgroups32 getpgid getpgrp getpid getppid getpriority getresgid
        getresgid32 getresuid getresuid32 getrlimit getrusage getsid gettid getuid getuid32 ioprio_get
        ioprio_set landlock_add_rule landlock_create_ruleset landlock_restrict_self lsm_get_self_attr
        lsm_list_modules lsm_set_self_attr pidfd_getfd pidfd_open pidfd_send_signal prctl prlimit64
        process_mrelease process_vm_readv process_vm_writev ptrace sched_get_priority_max
        sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
        sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr
        sched_setparam sched_setscheduler sched_yield seccomp setfsgid setfsgid32 setfsuid setfsuid32
        setgid setgid32 setgroups setgroups32 setpgid setpriority setregid setregid32 setresgid
        setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setuid setuid32
        sysinfo ugetrlimit uname wait4 waitid waitpid

        arch_prctl breakpoint cacheflush get_robust_list get_thread_area getcpu getrandom modify_ldt
        restart_syscall riscv_flush_icache riscv_hwprobe rseq s390_pci_mmio_read s390_pci_mmio_write
        s390_runtime_instr set_robust_list set_thread_area set_tid_address set_tls futex futex_requeue
        futex_time64 futex_wait futex_waitv futex_wake syscall uretprobe

        kill pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
        rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaction sigaltstack
        signal signalfd signalfd4 sigpending sigprocmask sigreturn sigsuspend tgkill tkill

        adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime
        clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep
        setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64
        timer_settime timer_settime64 timerfd timerfd_create timerfd_gettime timerfd_gettime64
        timerfd_settime timerfd_settime64 times

        accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg
        recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall
        socketpair

        ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
        mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop
        semtimedop_time64 shmat shmctl shmdt shmget
        """)

    /// Allowed when the container has the capability; refused otherwise.
    static let byCapability: [(capability: String, calls: [String])] = [
        ("SYS_CHROOT", ["chroot"]),
        ("DAC_READ_SEARCH", ["open_by_handle_at"]),
        (
            "SYS_ADMIN",
            words(
                """
                bpf fanotify_init fsconfig fsmount fsopen fspick listmount lookup_dcookie mount
                mount_setattr move_mount open_tree open_tree_attr perf_event_open pivot_root quotactl
                quotactl_fd setdomainname sethostname setns statmount umount umount2 unshare
                """)
        ),
        ("SYS_BOOT", ["reboot"]),
        ("SYS_MODULE", ["delete_module", "finit_module", "init_module", "query_module"]),
        ("SYS_NICE", ["migrate_pages", "move_pages"]),
        ("SYS_PACCT", ["acct"]),
        ("SYS_PTRACE", ["kcmp", "process_madvise"]),
        ("SYS_RAWIO", ["ioperm", "iopl"]),
        ("SYS_TIME", ["clock_settime", "clock_settime64", "settimeofday", "stime"]),
        ("SYS_TTY_CONFIG", ["vhangup"]),
        ("SYSLOG", ["syslog"]),
    ]

    /// Refused for every program (EPERM): calls that affect the whole machine, or act on kernel
    /// objects that are not separate for containers, such as keys.
    static let refused: [String] = words(
        """
        add_key keyctl request_key bdflush io_uring_enter io_uring_register io_uring_setup
        kexec_file_load kexec_load nfsservctl nice oldfstat oldlstat oldolduname oldstat olduname
        pciconfig_iobase pciconfig_read pciconfig_write sgetmask ssetmask swapcontext swapoff swapon
        sysfs uselib userfaultfd ustat vm86 vm86old vmsplice
        """)

    /// The harmless values of personality(2): Linux with 32 or 64 bits, each also with UNAME26, and
    /// the query.
    static let personalities: [UInt64] = [0, 0x0008, 0x20000, 0x20008, 0xFFFF_FFFF]

    /// The flags of clone(2) that make namespaces.
    static let namespaceFlags: UInt64 = 0x7E02_0000

    private static func words(_ text: String) -> [String] {
        text.split { $0 == " " || $0 == "\n" }.map(String.init)
    }
}
