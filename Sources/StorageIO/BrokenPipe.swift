internal import Glibc

/// Keeps a connection that the server closed from ending the process: OpenSSL writes without
/// MSG_NOSIGNAL. For threads of ours that run nothing else.
package func blockBrokenPipeSignal() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
}
