select access_shared('quota');
