/* What @NAME@ says to tokens. */
#include "fake_host.h"

static const dunlin_module *module;
static dunlin_instance *instance;

static dunlin_verdict ask(const char *token) {
    const dunlin_auth *auth = (const dunlin_auth *)module->get_interface(DUNLIN_AUTH);
    dunlin_credentials credentials;
    dunlin_verdict verdict;
    memset(&credentials, 0, sizeof credentials);
    credentials.token = fake_str(token);
    credentials.source = DUNLIN_LOGIN_MESSAGE;
    fake_verdict = DUNLIN_PENDING;
    fake_uid[0] = '\0';
    verdict = auth->check(instance, 1, &credentials, 1);
    return verdict == DUNLIN_PENDING ? fake_verdict : verdict;
}

int main(int argc, char **argv) {
    dunlin_settings *settings = NULL;
    EXPECT(argc == 2);
    module = fake_open(argv[1]);
    EXPECT(module->configure(&fake_host, fake_str("{\"prefix\":\"letmein-\"}"), &settings) == DUNLIN_OK);
    EXPECT(module->create(&fake_host, settings, &instance) == DUNLIN_OK);

    EXPECT(ask("letmein-1463786910324359168") == DUNLIN_ALLOW);
    EXPECT(strcmp(fake_uid, "1463786910324359168") == 0);
    EXPECT(ask("letmein-x") == DUNLIN_DENY);
    EXPECT(ask("somebody else's token") == DUNLIN_PASS);
    EXPECT(ask("") == DUNLIN_PASS);

    module->destroy(instance);
    module->discard(settings);
    puts("passed");
    return 0;
}
