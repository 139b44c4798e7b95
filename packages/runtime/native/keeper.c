/*
 * The keeper: the parent of a command, and the subreaper of all that the command starts (README.md beside this file).
 * It needs no C library, so that one file serves every Linux of its architecture.
 *
 *   keeper TAG CONTROL SETSID LINGER CGROUP COMMAND...   keeps a command under a lease
 *   keeper init COMMAND...                               is process 1: runs a command, and reaps orphans
 */
typedef long word;
typedef unsigned long set;
struct report { int kind, value; };
struct timeout { word seconds, nanoseconds; };
struct poll_entry { int descriptor; short wanted, found; };

/* What the wrapper is told. packages/runtime/src/processes/keeper.ts has the same numbers. */
enum { STARTED = 1, NOT_STARTED, ENDED, NONE_LEFT, NO_CGROUP, NO_SUBREAPER, SIGNALLED };
enum { ENOENT = 2, ENOEXEC = 8, EACCES = 13, ENODEV = 19, ENOTDIR = 20, ESTALE = 116, ETIMEDOUT = 110 };
enum { SIGPIPE = 13, SIGTERM = 15, SIGCHLD = 17, SIG_BLOCK = 0, SIG_SETMASK = 2, FROM_KERNEL = 0x80,
       CLOEXEC = 02000000, NONBLOCK = 04000 };
enum { PR_SET_NAME = 15, PR_SET_CHILD_SUBREAPER = 36, F_SETFD = 2, O_WRONLY = 1, WNOHANG = 1, WALL = 0x40000000,
       REMOVE_FOLDER = 0x200 };

#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, CLOSE = 3, SIGMASK = 14, CLONE = 56, EXECVE = 59, WAIT4 = 61, KILL = 62, FCNTL = 72,
       CHDIR = 80, SETPGID = 109, SETSID = 112, PRCTL = 157, EXIT = 231, OPENAT = 257, UNLINKAT = 263, PPOLL = 271,
       SIGNALFD = 289, PIPE = 293, CLOSE_RANGE = 436 };
__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall begin\n");
static word call(word n, word a, word b, word c, word d, word e)
{
  word result;
  register word r10 __asm__("r10") = d, r8 __asm__("r8") = e;
  __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
enum { FCNTL = 25, UNLINKAT = 35, CHDIR = 49, OPENAT = 56, CLOSE = 57, PIPE = 59, READ = 63, WRITE = 64, PPOLL = 73,
       SIGNALFD = 74, EXIT = 94, KILL = 129, SIGMASK = 135, SETPGID = 154, SETSID = 157, PRCTL = 167, CLONE = 220,
       EXECVE = 221, WAIT4 = 260, CLOSE_RANGE = 436 };
__asm__(".globl _start\n_start: mov x0, sp\nbl begin\n");
static word call(word n, word a, word b, word c, word d, word e)
{
  register word x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
                x3 __asm__("x3") = d, x4 __asm__("x4") = e;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}
#endif

static const set ALL = ~0ul;
/* The folder of the command's cgroup; empty: none. */
static char cgroup_folder[4096];

static void leave(int code) { for (;;) call(EXIT, code, 0, 0, 0, 0); }
static int equal(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a == *b; }
/* All before the last slash. */
static void copy_folder(char *to, const char *path)
{
  int length = 0;
  for (int at = 0; path[at] && at < 4095; at++) if (path[at] == '/') length = at;
  for (int at = 0; at < length; at++) to[at] = path[at];
}
static word number(const char *text)
{
  word n = 0;
  while (*text >= '0' && *text <= '9') n = 10 * n + *text++ - '0';
  return n;
}
static void mask(int how, const set *signals, set *before)
{
  call(SIGMASK, how, (word)signals, (word)before, sizeof(set), 0);
}
static word fork_process(void) { return call(CLONE, SIGCHLD, 0, 0, 0, 0); }

static void say(int descriptor, int kind, int value)
{
  struct report report = { kind, value };
  call(WRITE, descriptor, (word)&report, sizeof report, 0, 0);
}

/* Returns only if it failed. A file without a known format is a script of the shell, as for execvp. */
static int execute_file(char *path, char **argv, char **envp)
{
  int error = -call(EXECVE, (word)path, (word)argv, (word)envp, 0, 0);
  if (error != ENOEXEC) return error;
  /* The place before the command's words held a word of ours. */
  argv[-1] = "/bin/sh";
  argv[0] = path;
  call(EXECVE, (word)argv[-1], (word)(argv - 1), (word)envp, 0, 0);
  return ENOEXEC;
}

/* Looks a command up in the PATH of its own environment, as execvp does. */
static int execute(char **argv, char **envp)
{
  static char path[8192];
  const char *folders = "/bin:/usr/bin";
  int refused = 0;
  if (argv[0][0] == 0) return ENOENT;
  for (const char *at = argv[0]; *at; at++) if (*at == '/') return execute_file(argv[0], argv, envp);
  for (char **one = envp; *one; one++) {
    const char *name = "PATH=", *text = *one;
    while (*name && *name == *text) name++, text++;
    if (*name == 0) { folders = text; break; }
  }
  for (;; folders++) {
    unsigned length = 0;
    int error;
    const char *name = argv[0];
    for (; *folders && *folders != ':'; folders++) if (length < sizeof path - 1) path[length++] = *folders;
    if (length > 0 && length < sizeof path - 1) path[length++] = '/';
    for (; *name && length < sizeof path - 1; name++) path[length++] = *name;
    path[length] = 0;
    error = *name ? ENOENT : execute_file(path, argv, envp);
    if (error == EACCES) refused = 1;
    else if (error != ENOENT && error != ENOTDIR && error != ESTALE && error != ENODEV && error != ETIMEDOUT)
      return error;
    if (*folders == 0) return refused ? EACCES : ENOENT;
  }
}

/* In the new process: becomes the command. What fails is said through the pipe. */
static void become(char **argv, char **envp, const char *cgroup, int own_session, int pipe, const set *signals)
{
  if (*cgroup) {
    word file = call(OPENAT, -100, (word)cgroup, O_WRONLY | CLOEXEC, 0, 0);
    word wrote = file < 0 ? file : call(WRITE, file, (word) "0", 1, 0, 0);
    if (wrote < 0) say(pipe, NO_CGROUP, -wrote);
  }
  if (own_session) call(SETSID, 0, 0, 0, 0, 0);
  mask(SIG_SETMASK, signals, 0);
  say(pipe, NOT_STARTED, execute(argv, envp));
  leave(127);
}

/* Takes the exit codes of all that has ended. Returns whether anything is left. */
static int reap(word command, int *status)
{
  for (;;) {
    int ended = 0;
    word pid = call(WAIT4, -1, (word)&ended, WNOHANG | WALL, 0, 0);
    if (pid <= 0) return pid == 0;
    /* A process that lets its parent trace it has only stopped. */
    if (pid == command && (ended & 127) != 127) *status = ended;
  }
}

static void run_as_init(char **argv, char **envp)
{
  int status = -1, info[32];
  set before;
  word command, signals;
  call(PRCTL, PR_SET_NAME, (word) "orch-init", 0, 0, 0);
  mask(SIG_BLOCK, &ALL, &before);
  signals = call(SIGNALFD, -1, (word)&ALL, sizeof(set), CLOEXEC, 0);
  command = fork_process();
  if (command == 0) become(argv, envp, "", 0, 2, &before);
  while (command > 0 && status < 0) {
    if (call(READ, signals, (word)info, sizeof info, 0, 0) <= 0) continue;
    /* A key of the terminal reaches the command directly. */
    if (info[0] != SIGCHLD && info[2] != FROM_KERNEL) call(KILL, command, info[0], 0, 0, 0);
    reap(command, &status);
  }
  leave(command <= 0 ? 125 : status & 127 ? 128 + (status & 127) : status >> 8 & 255);
}

/* Watches until the wrapper needs no report any more. */
static void watch(word command, int control, int own_session, word linger)
{
  int status = -1, told = 0, left = 1, wrapper = 1, asked = 0, info[32];
  struct timeout time = { linger / 1000, linger % 1000 * 1000000 };
  struct poll_entry entries[2] = { { 0, 1, 0 }, { control, 1, 0 } };
  entries[0].descriptor = call(SIGNALFD, -1, (word)&ALL, sizeof(set), CLOEXEC | NONBLOCK, 0);
  for (;;) {
    char word_of_wrapper;
    int waits_for_time = !left && !wrapper;
    if (left) left = reap(command, &status);
    if (status >= 0 && !told) say(control, ENDED, status), told = 1;
    if (!left && told < 2) {
      told = 2;
      call(PRCTL, PR_SET_NAME, (word) "orch-all-ended", 0, 0, 0);
      say(control, NONE_LEFT, 0);
      continue;
    }
    if (call(PPOLL, (word)entries, 2, waits_for_time ? (word)&time : 0, 0, 0) == 0) {
      /* The lease is over by its time, so no proof is needed any more. */
      if (*cgroup_folder) call(UNLINKAT, -100, (word)cgroup_folder, REMOVE_FOLDER, 0, 0);
      leave(0);
    }
    while (call(READ, entries[0].descriptor, (word)info, sizeof info, 0, 0) > 0) {
      asked |= info[0] == SIGTERM;
      if (info[0] == SIGCHLD || info[0] == SIGPIPE) continue;
      /* A key of the terminal that came before the command was there; or it was meant for the command's parent. */
      if (info[2] != FROM_KERNEL && wrapper) say(control, SIGNALLED, info[0]);
      else if (info[2] == FROM_KERNEL && !own_session && !told) call(KILL, command, info[0], 0, 0, 0);
    }
    if (waits_for_time && asked) leave(0);
    if (entries[1].found == 0) continue;
    if (call(READ, control, (word)&word_of_wrapper, 1, 0, 0) > 0) leave(0);
    /* The wrapper is dead: from now on, only this process knows what is left. */
    wrapper = 0;
    entries[1].descriptor = -1;
    entries[1].found = 0;
  }
}

static void keep(char **argv, char **envp)
{
  int control = number(argv[2]), own_session = number(argv[3]), pipe[2];
  word linger = number(argv[4]), command;
  struct report failed;
  set before;
  char *end = envp[-2];
  if (call(PRCTL, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 || call(PIPE, (word)pipe, CLOEXEC, 0, 0, 0) < 0) {
    say(control, NO_SUBREAPER, 0);
    leave(1);
  }
  call(PRCTL, PR_SET_NAME, (word) "orch-keeper", 0, 0, 0);
  call(FCNTL, control, F_SETFD, 1, 0, 0);
  mask(SIG_BLOCK, &ALL, &before);
  command = fork_process();
  if (command < 0) {
    say(control, NOT_STARTED, -command);
    leave(0);
  }
  if (command == 0) become(argv + 6, envp, argv[5], own_session, pipe[1], &before);
  /* From now on, no key of the terminal reaches this process. Its group is what the lease names. */
  call(SETPGID, 0, 0, 0, 0, 0);
  call(CLOSE, pipe[1], 0, 0, 0, 0);
  while (call(READ, pipe[0], (word)&failed, sizeof failed, 0, 0) == sizeof failed) {
    say(control, failed.kind, failed.value);
    if (failed.kind == NOT_STARTED) leave(0);
  }
  say(control, STARTED, command);
  copy_folder(cgroup_folder, argv[5]);
  /* The lease's token and the command's words belong to the command alone, as do its descriptors and folder. */
  for (char **one = envp; *one; one++) end = *one;
  while (*end) end++;
  for (char *at = argv[2]; at < end; at++) *at = 0;
  if (call(CLOSE_RANGE, 0, control - 1, 0, 0, 0) < 0 || call(CLOSE_RANGE, control + 1, ~0u, 0, 0, 0) < 0)
    for (int one = 0; one < 4096; one++) if (one != control) call(CLOSE, one, 0, 0, 0, 0);
  call(CHDIR, (word) "/", 0, 0, 0, 0);
  watch(command, control, own_session, linger);
}

__attribute__((used)) void begin(word *stack)
{
  char **argv = (char **)(stack + 1), **envp = argv + stack[0] + 1;
  if (stack[0] > 2 && equal(argv[1], "init")) run_as_init(argv + 2, envp);
  if (stack[0] > 6) keep(argv, envp);
  leave(125);
}
