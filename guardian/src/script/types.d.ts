// What the script's modules exchange. The API of a page is in guardian.d.ts.

import type { Accounts, SignOutScope, SignedOut, User } from "./guardian.d.ts";

/** What a sign-out should do. */
export interface Options {
  scope: SignOutScope;
  session: string | null;
  redirect: boolean;
  callbackUrl: string | null;
}

/** A sign-out that concerns the page's user, in the server's words. */
export interface Notice {
  scope: SignOutScope;
  reason: string;
  is_current: boolean;
  events: string[];
}

/** Why a call failed: the server's word. */
export interface Failure {
  error: string;
  /** Whether this browser is signed out all the same. */
  signedOutHere: boolean;
  message?: string;
}

/** What came back from the server: a value, or why there is none. */
export type Outcome<T> = { value: T; failure?: undefined } | { value?: undefined; failure: Failure };

/** What one tab tells the others. It is a hint: the server decides. */
export type Hint =
  /** This session is the one that the browser has now. */
  | { type: "session"; session: string | null }
  /** Sessions have ended. */
  | { type: "signed_out"; notice: Notice }
  /** A sign-out of this browser is pending: the server could not be reached. */
  | { type: "pending"; options: Options }
  /** It has been reached. */
  | { type: "settled" };

/** A request of this page's own: a sign-out, or a switch to another account. */
export interface Call {
  /** Below zero for one that sends a pending sign-out again. */
  id: number;
  /** What a sign-out should do, until it is answered. A switch has only its id. */
  options?: Options;
  /** The session that the page showed when it was sent. */
  here?: string | null;
  endsHere?: boolean;
  /** Whether the page has gone on without the response. */
  isLate?: boolean;
  /** Whether the cookie for this sign-out has been seen. */
  isKept?: boolean;
}

/** A question to the server: who is signed in? */
export interface Question {
  /** A later one, or what the page has shown since, makes the response worthless. */
  number: number;
  /**
   * Why it is asked: after a sign-out in place, after another tab has sent the pending sign-out, or
   * before a page from the back/forward cache is shown.
   */
  purpose?: "next" | "settle" | "confirm";
  /** The call to complete with the response, and its value. */
  call?: { id: number; value: SignedOut };
}

/** Everything that the page knows. */
export interface State {
  /** The signed-in user; null for nobody, undefined for not known. */
  active: User | null | undefined;
  others: User[];
  /** The sign-out after which nobody is signed in here, but whose session has yet to end. */
  pending: { options: Options; error: string } | null;
  /** Whether its cookie has been seen. Some browsers refuse it. */
  isKept: boolean;
  /** Counts what is asked and shown, so that a late answer undoes nothing newer. */
  latest: number;
  /** The page's own requests under way. Until they are done it is quiet: they may be what it hears of. */
  calls: Call[];
  /** What was heard meanwhile. */
  heldNotices: Notice[];
  /** Whether it was time meanwhile to ask who is signed in. */
  isQuestionHeld: boolean;
  /** The ids of the events that have been told. */
  toldEvents: string[];
  /** The session whose end has been told. */
  toldSession: string | null;
  /** Why the user was last signed out, if the page heard of it. */
  reason: string | null;
  /** Since when another page is being loaded, in milliseconds since the epoch. */
  leftAt: number | null;
  /** The id of the user whom the page was last made for: none once what only they may see is removed. */
  owner: string | null;
  /** Whether the page is in the back/forward cache, or not confirmed yet. */
  isAway: boolean;
  retry: { isWaiting: boolean; pauseMs: number };
  stream: {
    /** The session to follow. */
    session: string | null;
    /** Whether this tab holds the lock or waits for it. */
    hasAskedForLock: boolean;
    holdsLock: boolean;
    pauseMs: number;
  };
}

/** What comes with every event. */
export interface Surroundings {
  /** In milliseconds since the epoch. */
  now: number;
  /** The pending sign-out, if this browser has its cookie. */
  kept: Options | null;
  /** The address of the sign-in page, if the page needs a user. */
  signInUrl: string | null;
  /** The way back to this page: path and query. */
  here: string;
}

export type Event =
  | { type: "started"; accounts: Accounts | null | undefined; isFromHistory: boolean | undefined }
  /** Ask who is signed in. */
  | { type: "refresh" }
  /** The server has said who is signed in. */
  | ({ type: "answered"; question: Question } & Outcome<Accounts | null>)
  | { type: "signOut"; id: number; options: Options }
  /** The server has not responded in time. */
  | { type: "late"; id: number }
  | ({ type: "signedOut"; id: number } & Outcome<SignedOut>)
  | { type: "switchAccount"; id: number; session: string }
  | ({ type: "switched"; id: number } & Outcome<Accounts>)
  | { type: "retry" }
  /** Another tab has said something. */
  | { type: "hint"; hint: Hint; isSecond?: boolean }
  | { type: "lockGranted" }
  /** The server's stream has begun. */
  | { type: "streamSession"; session: string }
  | { type: "streamNotice"; notice: Notice }
  | { type: "streamRefused" }
  | { type: "reopen" }
  | { type: "online" }
  /** A person looks at the page again. */
  | { type: "looked" }
  /** The page's elements have changed, or the cookie of the pending sign-out. */
  | { type: "changed" }
  | { type: "hidden" }
  /** From the back/forward cache. */
  | { type: "restored" };

/** What the page must do. The function that does it has the same name. */
export type Effect =
  /** Call a function of the server, and dispatch the event with its outcome. */
  | ({ type: "post"; fields: string } & (
      | { name: "session"; event: { type: "answered"; question: Question } }
      | { name: "sign_out"; event: { type: "signedOut"; id: number } }
      | { name: "switch_account"; event: { type: "switched"; id: number } }
    ))
  /** Settle the promise of a call of the API. */
  | { type: "finish"; id: number; value: unknown; failure: Failure | undefined }
  /** Dispatch an event later. */
  | { type: "wait"; ms: number; event: Event }
  | { type: "tellTabs"; hint: Hint }
  /** Tell the app that a sign-out concerns the page's user. */
  | { type: "notify"; notice: Notice }
  /** Keep a sign-out until the server can be reached. */
  | { type: "remember"; options: Options }
  | { type: "forget" }
  /** Show what is known. */
  | { type: "render" }
  /** Tell those who wait for it that it is not known who is signed in. */
  | { type: "giveUp"; failure: Failure }
  /** Tell the app that the sessions may have changed, also elsewhere. */
  | { type: "check" }
  | { type: "loadPage"; url: string }
  | { type: "reloadPage" }
  | { type: "hidePage"; isHidden: boolean }
  | { type: "askForLock" }
  | { type: "openStream" }
  /** Close the stream, and give the lock to another tab. */
  | { type: "closeStream" };

export type Dispatch = (event: Event) => void;
