import { Component } from '@angular/core';
import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { provideRouter, Router } from '@angular/router';
import { admin } from '../testing/examples.js';
import { FakeServer } from '../testing/fake-server.js';
import { settled } from '../testing/settled.js';
import { Session } from './session.js';
import { SignIn } from './sign-in.js';

@Component({ selector: 'app-blank', template: '' })
class Blank {}

describe('the sign-in page', () => {
  let server: FakeServer;
  let page: ComponentFixture<SignIn>;
  const text = (): string => (page.nativeElement as HTMLElement).textContent;
  const find = <E extends HTMLElement>(selector: string): E => {
    const found = (page.nativeElement as HTMLElement).querySelector<E>(selector);
    if (found === null) throw new Error(`There is no ${selector}`);
    return found;
  };
  const type = (selector: string, value: string): void => {
    const input = find<HTMLInputElement>(selector);
    input.value = value;
    input.dispatchEvent(new Event('input'));
  };
  const submit = (): void => find<HTMLFormElement>('form').requestSubmit();

  beforeEach(async () => {
    server = new FakeServer().answers('GET /api/session', 200, { account: null, firstAccountNeeded: false });
    TestBed.configureTestingModule({ providers: [server.provider, provideRouter([{ path: '**', component: Blank }])] });
    await TestBed.inject(Session).known();
    page = TestBed.createComponent(SignIn);
    await settled(() => expect(text()).toContain('Sign in'));
  });

  it('says at each field what is missing, and sends nothing', async () => {
    submit();
    await settled(() => expect(text()).toContain('Enter your name'));
    expect(text()).toContain('Enter your password');
    expect(find('#name').getAttribute('aria-invalid')).toBe('true');
    expect(server.to('POST /api/session')).toEqual([]);
  });

  it('signs in and goes where the person wanted to go', async () => {
    server.answers('POST /api/session', 201, { account: admin, firstAccountNeeded: false });
    page.componentRef.setInput('next', '/configuration');
    type('#name', 'admin');
    type('#password', 'correct horse');
    submit();
    await settled(() => expect(TestBed.inject(Router).url).toBe('/configuration'));
    expect(TestBed.inject(Session).may('nodes:manage')).toBe(true);
  });

  it('says that name or password is wrong, and takes the same input again', async () => {
    server.refuses('POST /api/session', 401, 'sign-in-failed');
    type('#name', 'admin');
    type('#password', 'wrong');
    submit();
    await settled(() => expect(text()).toContain('The name or the password is wrong.'));
    submit();
    await settled(() => expect(server.to('POST /api/session')).toHaveLength(2));
  });

  it('counts the seconds down while it is throttled', async () => {
    server.refuses('POST /api/session', 429, 'too-many-tries', { retryAfterMs: 30_000 });
    type('#name', 'admin');
    type('#password', 'wrong');
    submit();
    await settled(() => expect(text()).toMatch(/You can try again in (?:29|30|31) s\./));
    expect(find<HTMLButtonElement>('button[type=submit]').disabled).toBe(true);
  });
});
