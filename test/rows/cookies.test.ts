/** The cookie vectors of spec/cases-node.md: `set-cookie` lines read into a store of cookies, and such a store written as lines. */
import { expect, test } from 'vitest';
import { parseSetCookies, writeSetCookies } from '../../src/codecs/cookie-text.ts';
import type { Message } from '../../src/core/message.ts';
import { fromNotation, type Json, toNotation } from '../support/notation.ts';

interface Vector {
  readonly name: string;
  /** Several: each is read as the same cookies. */
  readonly lines: readonly (readonly string[])[];
  readonly cookies: { readonly [name: string]: Json };
  /** Stores that are written as `printed`; the cookies that were read unless it says otherwise. */
  readonly stores?: readonly { readonly [name: string]: Json }[];
  readonly printed: readonly string[];
}

const rich = (value: string, attributes: { readonly [name: string]: string }, ...flags: string[]): Json => ({
  value,
  ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
  ...(flags.length === 0 ? {} : { flags }),
});
const long = 'x'.repeat(200);

const vectors: readonly Vector[] = [
  {
    name: 'basic',
    lines: [['k1=v1'], ['k1="v1"']],
    cookies: { k1: 'v1' },
    stores: [{ k1: 'v1' }, { k1: { value: 'v1' } }, { k1: { value: 'v1', attributes: {}, flags: [] } }],
    printed: ['k1="v1"'],
  },
  {
    name: 'attributes',
    lines: [['k1=v1; k2=v2'], ['k1="v1"; k2="v2"']],
    cookies: { k1: rich('v1', { k2: 'v2' }) },
    printed: ['k1="v1"; k2=v2'],
  },
  {
    name: 'flags',
    lines: [['k1=v1; k2=v2; f1; f2'], ['k1="v1"; k2="v2"; f2; f1']],
    cookies: { k1: rich('v1', { k2: 'v2' }, 'f1', 'f2') },
    stores: [{ k1: rich('v1', {}, 'f1', 'f2') }],
    printed: ['k1="v1"; f1; f2'],
  },
  {
    name: 'realworld_1',
    lines: [['cart=110045_77895_53420; SameSite=Strict', 'affiliate=e4rt45dw; SameSite=Lax']],
    cookies: {
      cart: rich('110045_77895_53420', { SameSite: 'Strict' }),
      affiliate: rich('e4rt45dw', { SameSite: 'Lax' }),
    },
    printed: ['affiliate="e4rt45dw"; SameSite=Lax', 'cart="110045_77895_53420"; SameSite=Strict'],
  },
  {
    name: 'user_settings_and_permissions',
    lines: [
      [
        'user_settings=notifications=true,privacy=strict,layout=grid; Path=/; HttpOnly; Secure',
        'user_permissions="read;write;delete"; Path=/; SameSite=None; Secure',
      ],
    ],
    cookies: {
      user_settings: rich('notifications=true,privacy=strict,layout=grid', { Path: '/' }, 'HttpOnly', 'Secure'),
      user_permissions: rich('read;write;delete', { Path: '/', SameSite: 'None' }, 'Secure'),
    },
    printed: [
      'user_permissions="read;write;delete"; Path=/; SameSite=None; Secure',
      'user_settings="notifications=true,privacy=strict,layout=grid"; Path=/; HttpOnly; Secure',
    ],
  },
  {
    name: 'session_and_temp_data',
    lines: [
      [
        'SESSION_ID=abc123xyz ; path= /dashboard ; samesite=Strict ; Secure',
        'temp_data=cleanup_me; Max-Age=-1; Path=/',
      ],
    ],
    cookies: {
      SESSION_ID: rich('abc123xyz ', { path: '/dashboard', samesite: 'Strict' }, 'Secure'),
      temp_data: rich('cleanup_me', { 'Max-Age': '-1', Path: '/' }),
    },
    printed: [
      'SESSION_ID="abc123xyz "; path=/dashboard; samesite=Strict; Secure',
      'temp_data="cleanup_me"; Max-Age=-1; Path=/',
    ],
  },
  {
    name: 'empty_and_anonymous',
    lines: [['user_preference=; Path=/; HttpOnly', '=anonymous_session_123; Path=/guest']],
    cookies: {
      user_preference: rich('', { Path: '/' }, 'HttpOnly'),
      '': rich('anonymous_session_123', { Path: '/guest' }),
    },
    printed: ['="anonymous_session_123"; Path=/guest', 'user_preference=""; Path=/; HttpOnly'],
  },
  {
    name: 'app_config_and_analytics',
    lines: [['$app_config$=theme@dark!%20mode; Path=/', `analytics_${long}=${long}; Path=/`]],
    cookies: {
      $app_config$: rich('theme@dark! mode', { Path: '/' }),
      [`analytics_${long}`]: rich(long, { Path: '/' }),
    },
    stores: [
      {
        $app_config$: rich('theme@dark!%20mode', { Path: '/' }),
        [`analytics_${long}`]: rich(long, { Path: '/' }),
      },
    ],
    printed: ['$app_config$="theme@dark!%20mode"; Path=/', `analytics_${long}="${long}"; Path=/`],
  },
  {
    name: 'debug_and_tracking',
    lines: [
      [
        'debug_info=\\tIndented\\t\\nMultiline\\n; Path=/',
        'tracking_id=user_12345; CustomAttr=CustomValue; Analytics=Enabled; Path=/; HttpOnly',
      ],
    ],
    cookies: {
      debug_info: rich('\\tIndented\\t\\nMultiline\\n', { Path: '/' }),
      tracking_id: rich('user_12345', { CustomAttr: 'CustomValue', Analytics: 'Enabled', Path: '/' }, 'HttpOnly'),
    },
    printed: [
      'debug_info="\\tIndented\\t\\nMultiline\\n"; Path=/',
      'tracking_id="user_12345"; Analytics=Enabled; CustomAttr=CustomValue; Path=/; HttpOnly',
    ],
  },
  {
    name: 'cache_and_form_token',
    lines: [
      [
        'cache_bust=v1.2.3; Expires=Mon, 99 Feb 2099 25:99:99 GMT; Path=/',
        'form_token=form_abc123; SameSite=Strick; Secure',
      ],
    ],
    cookies: {
      cache_bust: rich('v1.2.3', { Expires: 'Mon, 99 Feb 2099 25:99:99 GMT', Path: '/' }),
      form_token: rich('form_abc123', { SameSite: 'Strick' }, 'Secure'),
    },
    printed: [
      'cache_bust="v1.2.3"; Expires=Mon, 99 Feb 2099 25:99:99 GMT; Path=/',
      'form_token="form_abc123"; SameSite=Strick; Secure',
    ],
  },
  {
    name: 'token_and_reactions',
    lines: [['access_token=eyJhbGciOi.eyJzdWIi.SflKxwRJ; Secure; HttpOnly', 'reactions=👍🎉💯; Path=/; Secure']],
    cookies: {
      access_token: rich('eyJhbGciOi.eyJzdWIi.SflKxwRJ', {}, 'HttpOnly', 'Secure'),
      reactions: rich('👍🎉💯', { Path: '/' }, 'Secure'),
    },
    printed: ['access_token="eyJhbGciOi.eyJzdWIi.SflKxwRJ"; HttpOnly; Secure', 'reactions="👍🎉💯"; Path=/; Secure'],
  },
  {
    name: 'error_log_and_auth_token',
    lines: [
      [
        'error_log="timestamp=2024 level=ERROR path=C:\\\\temp"; Path=/',
        'auth_token=bearer_xyz789; Secure; Path=/api; Secure; HttpOnly',
      ],
    ],
    cookies: {
      error_log: rich('timestamp=2024 level=ERROR path=C:\\\\temp', { Path: '/' }),
      auth_token: rich('bearer_xyz789', { Path: '/api' }, 'HttpOnly', 'Secure', 'Secure'),
    },
    printed: [
      'auth_token="bearer_xyz789"; Path=/api; HttpOnly; Secure; Secure',
      'error_log="timestamp=2024 level=ERROR path=C:\\\\temp"; Path=/',
    ],
  },
  {
    name: 'csrf_and_quick_setting',
    lines: [['csrf_token=abc123; "HttpOnly"; Path=/', 'quick_setting="enabled"']],
    cookies: { csrf_token: rich('abc123', { Path: '/' }, 'HttpOnly'), quick_setting: 'enabled' },
    printed: ['csrf_token="abc123"; Path=/; HttpOnly', 'quick_setting="enabled"'],
  },
  {
    name: 'admin_and_upload',
    lines: [['secret_key=confidential; Path=%2Fadmin', 'admin_flag=true; Path=/']],
    cookies: {
      secret_key: rich('confidential', { Path: '%2Fadmin' }),
      admin_flag: rich('true', { Path: '/' }),
    },
    printed: ['admin_flag="true"; Path=/', 'secret_key="confidential"; Path=%2Fadmin'],
  },
  {
    name: 'search_and_tags',
    lines: [['search_history="query,results"; Path=/', 'user_tags="work,personal"; Path=/']],
    cookies: {
      search_history: rich('query,results', { Path: '/' }),
      user_tags: rich('work,personal', { Path: '/' }),
    },
    printed: ['search_history="query,results"; Path=/', 'user_tags="work,personal"; Path=/'],
  },
];

test.each(vectors)('[row node/cookie/$name] lines ↔ cookies', ({ lines, cookies, stores = [cookies], printed }) => {
  for (const given of lines) {
    const read = parseSetCookies(given).map(([name, value]) => [name, toNotation(value)]);
    expect(Object.fromEntries(read)).toEqual(cookies);
  }
  for (const store of stores) expect(writeSetCookies(fromNotation(store) as Message)).toEqual(printed);
});
